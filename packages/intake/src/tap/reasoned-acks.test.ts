import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REJECTION_ADVICE } from '@humtemp/bucket-core';
import mqttPacket, { type IPubackPacket } from 'mqtt-packet';
import { ackReason, ReasonedAcks } from './reasoned-acks.js';

function parsed(frames: Buffer): IPubackPacket[] {
  const packets: IPubackPacket[] = [];
  const parser = mqttPacket.parser({ protocolVersion: 5 });
  parser.on('packet', (packet) => packets.push(packet as IPubackPacket));
  parser.parse(frames);
  return packets;
}

test('a PUBACK of MQTT 5 says why a publish does not count, as long as the client takes so much', () => {
  for (const bytesMax of [Number.POSITIVE_INFINITY, 60, 0]) {
    const acks = new ReasonedAcks(bytesMax, () => 1000);
    acks.add(1, 1, undefined, 'a');
    acks.add(1, 2, ackReason('temp'), 'a');
    acks.add(1, 3, undefined, 'new');
    acks.add(1, 4, ackReason('array_too_long', true), 'a');
    acks.add(2, 5, ackReason('not_authorized'), 'a');
    const frames = acks.takeSettled({ isSettled: (receipt) => receipt <= 1 }, new Set(['new']))!;
    const text = (reason: 'temp' | 'too_many_labs' | 'array_too_long') =>
      `${reason}: ${REJECTION_ADVICE[reason]}`;
    const expected = [
      [1, 0, undefined],
      [2, 0x99, text('temp')],
      [3, 0x97, text('too_many_labs')],
      [4, 0, `in part: ${text('array_too_long')}`],
    ];
    const said = parsed(frames).map(({ messageId, reasonCode = 0, properties }) => [
      messageId,
      reasonCode,
      properties?.reasonString,
    ]);
    const shortened = expected.map(([id, code, why]) => [
      id,
      code,
      why !== undefined && Buffer.byteLength(String(why)) + 9 <= bytesMax ? why : undefined,
    ]);
    assert.deepEqual(said, shortened);
    assert.equal(
      parsed(acks.takeSettled({ isSettled: (receipt) => receipt <= 2 }, new Set())!)[0]!.reasonCode,
      0x87,
    );
    assert.equal(acks.count, 0);
  }
});

test('a lab that was refused while an earlier publish waits for another server is told later', () => {
  const acks = new ReasonedAcks(1000, () => 1000);
  acks.add(1, 1, undefined, 'waits');
  acks.add(2, 2, undefined, 'new');
  assert.equal(acks.takeSettled({ isSettled: (receipt) => receipt === 2 }, new Set(['new'])), undefined);
  const told = parsed(acks.takeSettled({ isSettled: () => true }, new Set())!);
  assert.deepEqual(
    told.map(({ reasonCode }) => reasonCode),
    [0, 0x97],
  );
});
