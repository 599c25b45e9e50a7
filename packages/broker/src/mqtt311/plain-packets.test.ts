import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterLevels } from '@humtemp/bucket-core';
import fc from 'fast-check';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { PacketError } from '../client/packet-error.js';
import { readAck, readSubscribe, readUnsubscribe, subackFrame, unsubackFrame } from './plain-packets.js';

const LEVELS_MAX = 10;
const level = fc.oneof(fc.constantFrom('', '+', 'labs', '$SYS', '🌡️'), fc.string({ maxLength: 5 }));
const filter = fc
  .tuple(fc.array(level, { minLength: 1, maxLength: 12 }), fc.boolean())
  .map(([levels, isAll]) => [...levels, ...(isAll ? ['#'] : [])].join('/'));
const packetId = fc.integer({ min: 1, max: 65_535 });
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);

/** As a client library writes it. */
function written(packet: object): Buffer {
  return mqttPacket.generate(packet as Packet, { protocolVersion: 4 });
}

function isGood(text: string): boolean {
  const levels = filterLevels(text);
  return levels !== undefined && levels.length <= LEVELS_MAX && !text.includes('\0');
}

/** As a client library reads it. */
function parsed(frame: Buffer): Packet {
  let packet: Packet | undefined;
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  parser.on('packet', (one) => {
    packet = one;
  });
  parser.parse(frame);
  return packet!;
}

test('a SUBSCRIBE and an UNSUBSCRIBE say what their client has said, or are refused with all that is no filter', () => {
  fc.assert(
    fc.property(packetId, fc.array(fc.tuple(filter, qos), { minLength: 1, maxLength: 5 }), (id, wanted) => {
      const subscriptions = wanted.map(([topic, granted]) => ({ topic, qos: granted }));
      const unsubscriptions = wanted.map(([topic]) => topic);
      const subscribe = written({ cmd: 'subscribe', messageId: id, subscriptions });
      const unsubscribe = written({ cmd: 'unsubscribe', messageId: id, unsubscriptions });
      if (unsubscriptions.every(isGood)) {
        assert.deepEqual(readSubscribe(subscribe, LEVELS_MAX), {
          packetId: id,
          subscriptions: subscriptions.map(({ topic, qos: granted }) => ({ filter: topic, qos: granted })),
        });
        assert.deepEqual(readUnsubscribe(unsubscribe, LEVELS_MAX), {
          packetId: id,
          filters: unsubscriptions,
        });
      } else {
        assert.throws(() => readSubscribe(subscribe, LEVELS_MAX), PacketError);
        assert.throws(() => readUnsubscribe(unsubscribe, LEVELS_MAX), PacketError);
      }
    }),
  );
});

test('whatever stands behind the header, it is read or refused, and nothing else is thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (body) => {
      for (const read of [readSubscribe, readUnsubscribe, readAck])
        try {
          read(Buffer.concat([Buffer.from([0x82, body.length]), body]), LEVELS_MAX);
        } catch (error) {
          assert.ok(error instanceof PacketError, String(error));
        }
    }),
  );
});

test('a client library reads what is answered', () => {
  fc.assert(
    fc.property(
      packetId,
      fc.array(fc.constantFrom(0, 1, 2, 0x80), { minLength: 1, maxLength: 300 }),
      (id, codes) => {
        const { messageId, granted } = parsed(subackFrame(id, codes)) as never as Record<string, unknown>;
        assert.deepEqual([messageId, granted], [id, codes]);
        const unsuback = parsed(unsubackFrame(id));
        assert.deepEqual([unsuback.cmd, unsuback.messageId], ['unsuback', id]);
      },
    ),
  );
});
