import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { StreamTransport, type TapTransport } from '@humtemp/intake';
import fc from 'fast-check';
import { pino } from 'pino';
import { connectFrame } from '../broker.fixture.js';
import { Budget } from '../budgets/budget.js';
import { Arrivals } from './arrivals.js';
import { ConnectionLog } from './connection-log.js';
import { ServingClock } from './serving-clock.js';
import { StrangerTurns } from './stranger-turns.js';

/** Arrivals whose connections send what is fed to them. */
function openArrivals(budget: Budget) {
  const reasons: string[] = [];
  const log = new ConnectionLog(
    pino({ level: 'warn' }, { write: (line: string) => void reasons.push(JSON.parse(line).reason) }),
  );
  let nowMs = 0;
  const clock = new ServingClock(() => nowMs);
  const connected: { transport: TapTransport; address: string; connect: Buffer; behind: Buffer }[] = [];
  const arrivals = new Arrivals({
    limits: { connectBytesMax: 100, connectTimeoutMs: 1000 },
    budget,
    clock,
    log,
    turns: new StrangerTurns(),
    onConnect: (transport, address, connect, behind) =>
      connected.push({ transport, address, connect, behind: Buffer.from(behind) }),
  });
  return {
    arrivals,
    reasons,
    connected,
    pass: (ms: number) => {
      for (let i = 0; i < ms; i += 500) {
        nowMs += 500;
        clock.look();
      }
      arrivals.takeCare();
    },
    arrive(address: string) {
      const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
      arrivals.add(new StreamTransport(stream), address);
      return stream;
    },
    close: () => log.close(),
  };
}

test('what arrives is a connection once exactly its CONNECT is there, in whatever pieces it comes', async () => {
  const connect = connectFrame('c');
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      async (behind, sizes) => {
        const budget = new Budget(1000, 1000);
        const { arrive, arrivals, connected, close } = openArrivals(budget);
        const stream = arrive('a');
        const bytes = Buffer.concat([connect, behind]);
        let at = 0;
        for (let i = 0; connected.length === 0; i++) {
          assert.ok(at < connect.length);
          const end = at + sizes[i % sizes.length]!;
          stream.push(bytes.subarray(at, end));
          await nextTurn();
          at = Math.min(end, bytes.length);
        }
        assert.deepEqual(connected[0]!.connect, connect);
        assert.deepEqual(connected[0]!.behind, bytes.subarray(connect.length, at));
        assert.equal(arrivals.count, 0);
        assert.equal(budget.used, 0);
        stream.destroy();
        close();
      },
    ),
    { numRuns: 50 },
  );
});

test('what is no CONNECT is closed, whatever it is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), async (bytes) => {
      fc.pre(bytes[0] !== 0x10);
      const { arrive, arrivals, connected, reasons, close } = openArrivals(new Budget(1000, 1000));
      const stream = arrive('a');
      stream.push(bytes);
      while (!stream.destroyed) await nextTurn();
      assert.equal(connected.length + arrivals.count, 0);
      assert.equal(reasons.length, 1);
      close();
    }),
    { numRuns: 50 },
  );
});

test('what has no room for its half a CONNECT is read no more and closed in time, not that of another address', async () => {
  const budget = new Budget(1000, 200);
  const { arrive, arrivals, reasons, pass, connected, close } = openArrivals(budget);
  const [first, second, other] = ['1.0.0.1', '1.0.0.1', '2.0.0.1'].map(arrive) as [Duplex, Duplex, Duplex];
  const half = connectFrame('c'.repeat(60)).subarray(0, 70);
  for (const stream of [first, second, other]) {
    stream.push(half);
    await nextTurn();
  }
  assert.deepEqual(reasons, ['too much is unfinished of others that connect']);
  const used = budget.used;
  // The rest of it comes too late.
  second.push(connectFrame('c'.repeat(60)).subarray(70));
  await nextTurn();
  assert.deepEqual([connected.length, arrivals.count, budget.used], [0, 3, used]);
  first.push(connectFrame('c'.repeat(60)).subarray(70));
  await nextTurn();
  assert.deepEqual([connected.length, arrivals.count, budget.used], [1, 2, used / 2]);
  pass(1500);
  while (!second.destroyed || !other.destroyed) await nextTurn();
  assert.deepEqual([budget.used, arrivals.count, reasons.length], [0, 0, 2]);
  first.destroy();
  close();
});

test('what does not say its CONNECT in time is closed, a few at a time', async () => {
  const { arrive, pass, arrivals, reasons, close } = openArrivals(new Budget(1000, 1000));
  const streams = Array.from({ length: 100 }, () => arrive('a'));
  pass(1000);
  const late = arrive('a');
  assert.equal(arrivals.count, 101);
  pass(500);
  assert.equal(arrivals.count, 1);
  await nextTurn();
  const closed = streams.filter(({ destroyed }) => destroyed).length;
  assert.ok(closed < 40, `${closed} in a turn`);
  while (streams.some(({ destroyed }) => !destroyed)) await nextTurn();
  assert.equal(late.destroyed, false);
  assert.equal(reasons[0], 'connect did not arrive in time');
  late.destroy();
  close();
});
