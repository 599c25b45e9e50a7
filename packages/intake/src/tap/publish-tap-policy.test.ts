import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import { ackedIds, frame, observation, openTap, publish, turns } from './publish-tap.fixture.js';
import type { PublishCopy, TapPolicy } from './tap-policy.js';
import { StreamTransport, type TapTransport } from './tap-transport.js';

/** A tap in front of a broker, whose client is not accepted yet. */
async function openBrokerTap(
  options: Partial<TapPolicy> = {},
  transportOf?: (memory: Duplex) => TapTransport,
) {
  const copies = { added: [] as PublishCopy[], isWanted: false, isFull: false };
  const opened = openTap({
    transportOf,
    policy: {
      greeting: undefined,
      rate: undefined,
      rules: undefined,
      copies: {
        wants: (_topic, isRetained) => copies.isWanted || isRetained,
        isScarce: false,
        get isFull() {
          return copies.isFull;
        },
      },
      copy: (copy) => copies.added.push(copy),
      ...options,
    },
  });
  await turns();
  return { ...opened, copies };
}

describe('the publish tap in front of a broker', () => {
  test('the publish tap in front of a broker holds back what comes until it is opened', async () => {
    const { tap, transport, passed, intake } = await openBrokerTap();
    const ping = frame({ cmd: 'pingreq' });
    // What stands behind the CONNECT in the same piece.
    tap.onReceived(Buffer.concat([frame(observation(1)), ping]));
    await turns();
    transport.feed(ping);
    await turns();
    assert.equal(passed().length, 0);
    assert.equal(intake.ledger.counters().received, 0);
    tap.open();
    await intake.whenSettled();
    await turns();
    assert.deepEqual(passed(), Buffer.concat([ping, ping]));
    assert.deepEqual(ackedIds(transport.written), [1]);
    tap.destroy();
  });

  test('the publish tap in front of a broker lets the greeting change what the endpoint writes first, and only until that is past', async () => {
    let passed = 0;
    const { tap, transport } = await openBrokerTap({
      greeting: {
        get isPast() {
          return passed >= 2;
        },
        mend: (bytes) => {
          passed += bytes.length;
          return Buffer.from(bytes.map((byte) => byte + 1));
        },
      },
    });
    for (const piece of [[0x1f], [1], [0x20, 2, 0, 0]]) tap.write(Buffer.from(piece));
    await turns();
    assert.deepEqual(transport.written, Buffer.from([0x20, 2, 0x20, 2, 0, 0]));
    tap.destroy();
  });

  test('the publish tap in front of a broker ends a connection for which there is no room before it is opened', async () => {
    const kept: number[] = [];
    const { tap, errors, passed } = await openBrokerTap({
      keeps: (bytes) => {
        kept.push(bytes);
        return bytes < 200;
      },
    });
    const ping = frame({ cmd: 'pingreq' });
    tap.onReceived(Buffer.concat(Array.from({ length: 50 }, () => ping)));
    await turns();
    assert.deepEqual(errors, []);
    tap.onReceived(Buffer.concat(Array.from({ length: 100 }, () => ping)));
    await turns();
    assert.equal(errors.length, 1);
    assert.match(errors[0]!, /^connection ended: no room for what stands behind a CONNECT/);
    assert.equal(passed().length, 0);
    assert.ok(kept[0]! >= 100);
  });

  test('the publish tap in front of a broker does not read in a pause of the rate', async () => {
    const rate = {
      isOn: false,
      spent: 0,
      spend: (publishes: number) => {
        rate.spent += publishes;
      },
      end: () => {},
    };
    const { tap, transport, intake } = await openBrokerTap({ rate });
    tap.open();
    rate.isOn = true;
    transport.feed(frame(observation(1)));
    await turns();
    transport.feed(frame(observation(2)));
    await turns();
    assert.equal(intake.ledger.counters().received, 1);
    assert.equal(rate.spent, 1);
    rate.isOn = false;
    tap.readOn();
    await turns();
    assert.equal(intake.ledger.counters().received, 2);
    tap.destroy();
  });

  test('the publish tap in front of a broker stops reading when more publishes await their acknowledgement than there are packet ids', async () => {
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

  test('the publish tap in front of a broker rejects what may not be published, and acknowledges it in its turn', async () => {
    const asked: string[] = [];
    const { tap, transport, intake, copies } = await openBrokerTap({
      rules: {
        mayPublish: (topic) => {
          asked.push(topic);
          return topic !== 'labs/b/observation';
        },
        mayCount: () => true,
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

  test('the publish tap in front of a broker copies what is wanted and all that is retained, and does not read while there are too many', async () => {
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
});

test('a client has its turn for some frames that pass, and waits where there is no time, but for an observation', async () => {
  const waiting: { takeTurn(): void }[] = [];
  const times = { hasLeft: true, mayPass: true };
  const opened = await openBrokerTap({
    turns: {
      receivedMs: Date.now(),
      get hasLeft() {
        return times.hasLeft;
      },
      mayPass: () => times.mayPass,
      works: () => {},
      rests: () => {},
      isFull: false,
      keep: () => {},
      wait: (tap) => waiting.push(tap),
    },
  });
  const { tap, transport, passed, intake } = opened;
  tap.open();
  const other = frame(publish('other', 'x'));
  transport.feed(Buffer.concat(Array.from({ length: 200 }, () => other)));
  await turns();
  const seen = () => passed().length / other.length;
  const first = seen();
  assert.ok(first >= 25 && first < 75, `${first} frames`);
  for (let i = 0; seen() < 200; i++) {
    assert.ok(i < 10);
    waiting.shift()!.takeTurn();
    await turns(1);
  }
  // Without time, what may pass waits.
  times.hasLeft = times.mayPass = false;
  transport.feed(other);
  await turns();
  assert.deepEqual([seen(), waiting.length], [200, 1]);
  times.hasLeft = times.mayPass = true;
  waiting.shift()!.takeTurn();
  transport.feed(frame(observation(1)));
  await turns();
  assert.equal(intake.ledger.counters().received, 1);
  times.hasLeft = times.mayPass = false;
  transport.feed(frame(observation(2)));
  await turns();
  assert.deepEqual([intake.ledger.counters().received, waiting.length], [2, 0]);
});

test('the bytes of long frames that pass are counted, and of short ones none', async () => {
  let longBytes = 0;
  const atWork = new Set<unknown>();
  const { tap, transport, passed } = await openBrokerTap({
    turns: {
      receivedMs: Date.now(),
      hasLeft: true,
      mayPass: () => true,
      works: (one, bytes) => {
        longBytes += bytes;
        atWork.add(one);
      },
      rests: (one) => atWork.delete(one),
      isFull: false,
      keep: () => {},
      wait: () => {},
    },
  });
  tap.open();
  const before = longBytes;
  const [long, short] = [frame(publish('other', 'x'.repeat(900))), frame(publish('other', 'x'))];
  for (const bytes of [long.subarray(0, 600), Buffer.concat([long.subarray(600), short])]) {
    transport.feed(bytes);
    await turns();
  }
  assert.equal(passed().length, long.length + short.length);
  assert.equal(longBytes - before, long.length);
  // The endpoint has taken all of it.
  assert.equal(atWork.size, 0);
  tap.destroy();
});

test('while much of others is unread, a transport that reads little at a time reads on, and no other', async () => {
  class BriefTransport extends StreamTransport {
    override readonly isBrief = true;
  }
  for (const isBrief of [true, false]) {
    const { tap } = await openBrokerTap(
      {
        turns: {
          receivedMs: Date.now(),
          hasLeft: true,
          mayPass: () => true,
          works: () => {},
          rests: () => {},
          isFull: true,
          keep: () => {},
          wait: () => {},
        },
      },
      (memory) => (isBrief ? new BriefTransport(memory) : new StreamTransport(memory)),
    );
    tap.open();
    assert.equal(tap.pauseReason, isBrief ? undefined : 'it is not its turn');
  }
});
