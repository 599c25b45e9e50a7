import assert from 'node:assert/strict';
import { describe } from 'node:test';
import {
  COMMIT,
  pause,
  SEED,
  subscriptions,
  timesSaid,
  underFault,
  underway,
} from './redis-fault-harness.js';
import { until } from './until.js';

/** Of the publishes of a recorded load. */
const PUBLISH_BYTES_MIN = 70;

/** Rows 1 to 4 of the fault matrix: the link between intake and Redis. */
describe(`between a worker and Redis (seed ${SEED})`, { concurrency: 4 }, () => {
  underFault('replies cut after the commit was executed make nothing count twice', {}, async (parts) => {
    parts.proxy.cutReplies({ every: 2, matching: COMMIT });
    await until(() => parts.proxy.cuts >= 3);
    await underway(parts, 1);
    return (ledger) =>
      assert.equal(ledger.duplicate, 0, 'what was executed is not taken for a duplicate of itself');
  });

  // Long enough that much is left to commit when the second fault begins.
  const long = { load: { observations: 6000 } };
  underFault('requests cut before they arrive, or half-way, are made again', long, async (parts) => {
    const { proxy } = parts;
    proxy.cutRequests({ every: 2, matching: COMMIT });
    await until(() => proxy.cuts >= 3);
    await proxy.heal();
    const before = proxy.cuts;
    proxy.cutAfter(6007, 'toServer');
    await until(() => proxy.cuts >= before + 3);
    return (ledger) => assert.equal(ledger.duplicate, 0, 'nothing was executed');
  });

  for (const fault of ['blackHole', 'hold'] as const)
    underFault(
      `${fault === 'hold' ? 'a stall whose requests arrive late' : 'a black hole'} of three keep-alives is sat out, the broker notices nothing`,
      // So little may be pending that the worker has to stop reading from the broker.
      { env: { HUMTEMP_MQTT_KEEPALIVE: '2s', HUMTEMP_PENDING_MAX: '500' } },
      async (parts) => {
        const { proxy, worker } = parts;
        await underway(parts, 0.2);
        const before = proxy.accepted;
        proxy[fault]();
        await pause(6500);
        assert.ok(proxy.accepted - before <= 13, `${proxy.accepted - before} connections in 6.5 s`);
        await proxy.heal();
        return () => {
          assert.equal(subscriptions(worker), 1, worker.stderr);
          assert.ok(timesSaid(worker, /Redis is out of reach/g) <= 3, worker.stderr);
          assert.equal(timesSaid(worker, /commits succeed again/g), 1, worker.stderr);
        };
      },
    );

  underFault(
    'single bytes at 64 kbit/s are slow and nothing else, and little more is taken in than may be pending',
    {
      env: { HUMTEMP_PENDING_MAX: '150', HUMTEMP_REDIS_TIMEOUT: '10s' },
      load: { observations: 6000, ratePerS: Infinity, spanS: 60 },
    },
    async (parts) => {
      const { proxy, store } = parts;
      proxy.slice(1);
      proxy.throttle(8000);
      await underway(parts, 1);
      let [inFlightMax, committed] = [0, 0];
      const startMs = Date.now();
      // For a while after the first commit: when acknowledgements leave, the broker sends more.
      for (let untilMs = startMs + 20_000; Date.now() < untilMs; await pause(100)) {
        const [report] = await store.ledgers(Date.now());
        inFlightMax = Math.max(inFlightMax, report?.counters.in_flight ?? 0);
        if (committed === 0 && report?.counters.committed) untilMs = Date.now() + 2000;
        committed = report?.counters.committed ?? 0;
      }
      assert.ok(inFlightMax >= 150 && committed > 0, `${inFlightMax} in flight, ${committed} committed`);
      // The worker stops between two reads; Mosquitto 2.0.11 does not stop at the receive maximum.
      const readMax = 65_536 / PUBLISH_BYTES_MIN;
      assert.ok(inFlightMax <= 150 + readMax, `${inFlightMax} observations in flight`);
      return (ledger) => assert.equal(ledger.duplicate, 0, 'no commit was repeated');
    },
  );

  underFault(
    'a link that is too slow for a whole batch within the timeout carries it in pieces',
    { load: { observations: 2000, ratePerS: Infinity, spanS: 60 } },
    async (parts) => {
      const { proxy, store, worker } = parts;
      proxy.throttle(16_000);
      await underway(parts, 1);
      for (const startMs = Date.now(); ; await pause(250)) {
        const [report] = await store.ledgers(Date.now());
        if ((report?.counters.committed ?? 0) > 200) break;
        assert.ok(Date.now() - startMs < 15_000, `no progress:\n${worker.stderr}`);
      }
    },
  );
});
