import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { imbalance } from '@humtemp/bucket-core';
import fc from 'fast-check';
import type { Packet } from 'mqtt-packet';
import { ackedIds, frame, observation, openTap, publish, turns } from './publish-tap.fixture.js';
import type { PublishCopy, TapBroker } from './tap-broker.js';

const CONNECT = frame({
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 4,
  clean: true,
  clientId: 'c',
  keepalive: 0,
} as Packet);

/** A tap in front of a broker that has its client's CONNECT. */
async function openBrokerTap(options: Partial<TapBroker> = {}) {
  const copies = { added: [] as PublishCopy[], isWanted: false, isFull: false };
  const opened = openTap({
    broker: {
      connectBytesMax: 100,
      publishRateMax: 0,
      mayPublish: undefined,
      hasSession: () => false,
      copies: {
        wants: (_topic, isRetained) => copies.isWanted || isRetained,
        add: (copy) => copies.added.push(copy),
        get isFull() {
          return copies.isFull;
        },
      },
      ...options,
    },
  });
  opened.transport.feed(CONNECT);
  await turns();
  return { ...opened, copies };
}

describe('the publish tap in front of a broker', () => {
  test('lets CONNECT pass, and holds back what stands behind it until it is opened', async () => {
    const { tap, transport, passed, intake } = await openBrokerTap();
    const ping = frame({ cmd: 'pingreq' });
    transport.feed(Buffer.concat([frame(observation(1)), ping]));
    await turns();
    transport.feed(ping);
    await turns();
    assert.deepEqual(passed(), CONNECT);
    assert.equal(intake.ledger.counters().received, 0);
    tap.open();
    await intake.whenSettled();
    await turns();
    assert.deepEqual(passed(), Buffer.concat([CONNECT, ping, ping]));
    assert.deepEqual(ackedIds(transport.written), [1]);
    tap.destroy();
  });

  test('sets the session-present flag of the first frame, in whatever pieces it is written', async () => {
    const bytes = Buffer.from([0x20, 2, 0, 0, 0x20, 2, 0, 0]);
    for (const hasSession of [true, false])
      for (let cut = 0; cut < 4; cut++) {
        const { tap, transport } = await openBrokerTap({ hasSession: () => hasSession });
        for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)]) tap.write(piece);
        await turns();
        assert.deepEqual(transport.written, Buffer.from([0x20, 2, hasSession ? 1 : 0, 0, 0x20, 2, 0, 0]));
        tap.destroy();
      }
    assert.equal(bytes[2], 0);
  });

  test('stops reading when more publishes await their acknowledgement than there are packet ids', async () => {
    const { tap, transport, intake, store } = await openBrokerTap();
    tap.open();
    store.hold();
    transport.feed(frame(observation(1)));
    await turns();
    const rejected = Buffer.concat(
      Array.from({ length: 1000 }, () => frame(publish('labs/a/observation', '', 1, 1))),
    );
    for (let i = 0; i < 80; i++) {
      transport.feed(rejected);
      await turns();
    }
    assert.ok(tap.unacknowledged > 65_535 && tap.unacknowledged < 67_000, `${tap.unacknowledged}`);
    assert.ok(tap.isHeldBack);
    store.release();
    await intake.whenSettled();
    await turns();
    await intake.whenSettled();
    await turns();
    assert.equal(intake.ledger.counters().received, 80_001);
    tap.destroy();
  });

  test('rejects what may not be published, and acknowledges it in its turn', async () => {
    const asked: string[] = [];
    const { tap, transport, intake, copies } = await openBrokerTap({
      mayPublish: (topic) => {
        asked.push(topic);
        return topic !== 'labs/b/observation';
      },
    });
    copies.isWanted = true;
    tap.open();
    transport.feed(Buffer.concat(['a', 'b', 'a'].map((lab, i) => frame(observation(i + 1, lab)))));
    await turns();
    await intake.whenSettled();
    await turns();
    assert.deepEqual(asked, ['labs/a/observation', 'labs/b/observation', 'labs/a/observation']);
    assert.deepEqual(ackedIds(transport.written), [1, 2, 3]);
    assert.deepEqual(intake.ledger.counters().rejected, { not_authorized: 1 });
    assert.deepEqual(
      copies.added.map(({ topic }) => topic),
      ['labs/a/observation', 'labs/a/observation'],
    );
    tap.destroy();
  });

  test('copies what is wanted and all that is retained, and does not read while there are too many', async () => {
    const { tap, transport, copies, intake } = await openBrokerTap();
    tap.open();
    const payload = '{"timestamp":1,"temp":20}';
    transport.feed(frame(publish('labs/a/observation', payload, 1, 1)));
    transport.feed(frame(publish('labs/a/observation', payload, 1, 2, { retain: true })));
    await turns();
    copies.isWanted = true;
    copies.isFull = true;
    transport.feed(frame(publish('labs/b/observation', payload, 0)));
    await turns();
    assert.deepEqual(
      copies.added.map(({ topic, payload, qos, isRetained }) => [topic, `${payload}`, qos, isRetained]),
      [
        ['labs/a/observation', payload, 1, true],
        ['labs/b/observation', payload, 0, false],
      ],
    );
    assert.ok(tap.isHeldBack);
    transport.feed(frame(observation(3)));
    await turns();
    assert.equal(intake.ledger.counters().received, 3);
    copies.isFull = false;
    tap.readOn();
    await turns();
    assert.equal(intake.ledger.counters().received, 4);
    tap.destroy();
  });

  test('any bytes in any pieces end the connection or are taken; never a crash', async () => {
    const part = fc.oneof(
      fc.integer({ min: 1, max: 65_535 }).map((id) => frame(observation(id))),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      fc.constant(CONNECT),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 10 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
        async (parts, sizes) => {
          const { tap, transport, intake } = await openBrokerTap();
          const bytes = Buffer.concat(parts);
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const end = at + sizes[i % sizes.length]!;
            transport.feed(bytes.subarray(at, end));
            at = end;
            if (i === 2) tap.open();
            await new Promise(setImmediate);
          }
          await intake.whenSettled();
          assert.equal(imbalance(intake.ledger.counters()), 0);
          tap.destroy();
        },
      ),
      { numRuns: 200 },
    );
  });
});
