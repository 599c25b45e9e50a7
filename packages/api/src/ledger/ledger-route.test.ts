import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_COUNTERS, type StoreCount } from '@humtemp/bucket-core';
import type { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { bearer, openTokens, tokenLines } from '../access/access.fixture.js';
import { documentIn, NOON_MS, startApi } from '../api.fixture.js';
import { LedgerOverview } from './ledger-route.js';

async function overviewOf(response: Response): Promise<LedgerOverview> {
  assert.equal(response.status, 200);
  return documentIn(LedgerOverview, response);
}

test('metrics that were wrong and ignored publishes stand beside the balance, where there were any', async (t) => {
  const { get, intake } = await startApi(t);
  intake.receive('lab01', Buffer.from('{"temp":20,"humidity":101}'), 't');
  intake.ledger.ignore();
  await intake.whenSettled();
  const { received, committed, rejected, metrics_rejected, ignored, balanced } = await overviewOf(
    await get('/ledger'),
  );
  assert.deepEqual(
    { received, committed, rejected, metrics_rejected, ignored, balanced },
    {
      received: 1,
      committed: 1,
      rejected: {},
      metrics_rejected: { humidity: 1 },
      ignored: 1,
      balanced: true,
    },
  );
});

test('the ledger adds what other processes reported to the live counters of this one', async (t) => {
  const { get, post, store } = await startApi(t, { role: 'start' });
  await post({ lab_id: 'lab01', timestamp: NOON_MS / 1000, temp: 20 });
  await post({ lab_id: 'lab01', timestamp: NOON_MS / 1000, temp: 20 });
  await post('{');
  const worker = {
    process: 'worker-1',
    role: 'worker',
    reportedMs: NOON_MS - 5000,
    counters: { received: 10, committed: 6, duplicate: 1, rejected: { not_json: 1, temp: 1 }, in_flight: 1 },
  };
  await store.reportLedger(worker);
  await store.reportLedger({ ...worker, process: 'api-1', counters: EMPTY_COUNTERS });
  assert.deepEqual(await overviewOf(await get('/ledger')), {
    received: 13,
    committed: 7,
    duplicate: 2,
    rejected: { not_json: 2, temp: 1 },
    in_flight: 1,
    balanced: true,
    processes: [
      {
        process: 'api-1',
        role: 'start',
        reported_at: '2026-09-22T12:00:00.000Z',
        gone: false,
        received: 3,
        committed: 1,
        duplicate: 1,
        rejected: { not_json: 1 },
        in_flight: 0,
        balanced: true,
      },
      {
        process: 'worker-1',
        role: 'worker',
        reported_at: '2026-09-22T11:59:55.000Z',
        gone: false,
        received: 10,
        committed: 6,
        duplicate: 1,
        rejected: { not_json: 1, temp: 1 },
        in_flight: 1,
        balanced: true,
      },
    ],
    earlier: { processes: 0, committed: 0, duplicate: 0 },
    at: '2026-09-22T12:00:00.000Z',
  });
});

test('a process whose books do not balance is named', async (t) => {
  const { get, store } = await startApi(t);
  const counters = { ...EMPTY_COUNTERS, received: 1 };
  await store.reportLedger({ process: 'worker-1', role: 'worker', reportedMs: NOON_MS, counters });
  const overview = await overviewOf(await get('/ledger'));
  assert.equal(overview.balanced, false);
  assert.deepEqual(
    overview.processes.map(({ process, balanced }) => [process, balanced]),
    [
      ['api-1', true],
      ['worker-1', false],
    ],
  );
});

/** A store that counted for these processes. */
const counting =
  (counts: readonly StoreCount[]) =>
  (store: EmbeddedStore): EmbeddedStore => {
    store.counted = async () => counts;
    return store;
  };

test('of a process that is gone the store says what it committed, and nothing is in flight', async (t) => {
  const counted = [
    { process: 'worker-killed', committed: 800, duplicate: 3, suspended: 0 },
    { process: 'worker-alive', committed: 5, duplicate: 0, suspended: 0 },
    { process: 'worker-of-last-week', committed: 40, duplicate: 2, suspended: 0 },
  ];
  const { get, store } = await startApi(t, { instead: counting(counted) });
  const last = { received: 811, committed: 400, duplicate: 1, rejected: { temp: 10 }, in_flight: 400 };
  await store.reportLedger({
    process: 'worker-killed',
    role: 'worker',
    reportedMs: NOON_MS - 600_000,
    counters: last,
  });
  await store.reportLedger({
    process: 'worker-alive',
    role: 'worker',
    reportedMs: NOON_MS - 60_000,
    counters: { received: 9, committed: 4, duplicate: 0, rejected: {}, in_flight: 5 },
  });
  const overview = await overviewOf(await get('/ledger'));
  const ledgerOf = (name: string) => overview.processes.find(({ process }) => process === name)!;
  const { gone, received, committed, duplicate, in_flight, balanced } = ledgerOf('worker-killed');
  assert.deepEqual(
    { gone, received, committed, duplicate, in_flight, balanced },
    { gone: true, received: 813, committed: 800, duplicate: 3, in_flight: 0, balanced: true },
  );
  assert.equal(ledgerOf('worker-alive').gone, false);
  assert.equal(ledgerOf('worker-alive').in_flight, 5);
  assert.deepEqual(overview.earlier, { processes: 1, committed: 40, duplicate: 2 });
  assert.equal(overview.in_flight, 5);
  assert.equal(overview.balanced, true);
});

test('a process that knew of more than the store counted is not balanced', async (t) => {
  const counted = [{ process: 'worker-1', committed: 3, duplicate: 0, suspended: 0 }];
  const { get, store } = await startApi(t, { instead: counting(counted) });
  await store.reportLedger({
    process: 'worker-1',
    role: 'worker',
    reportedMs: NOON_MS - 600_000,
    counters: { received: 4, committed: 4, duplicate: 0, rejected: {}, in_flight: 0 },
  });
  assert.equal((await overviewOf(await get('/ledger'))).balanced, false);
});

test('a token that is not for all labs sees no names of hosts, in the ledger nor in the metrics', async (t) => {
  const { tokens } = await openTokens(t, tokenLines({ floor: { labs: 'floor-2/*' }, all: {} }));
  const { get, store } = await startApi(t, { tokens, process: 'start-my-host-1-abc', role: 'start' });
  await store.reportLedger({
    process: 'worker-my-host-2-def',
    role: 'worker',
    reportedMs: NOON_MS,
    counters: EMPTY_COUNTERS,
    state: {
      version: '0.1.0',
      store: 'redis://my-host-3:6379',
      commits: { succeeded: 7, failed: 1, ms: 70 },
      lagMs: 12,
      problems: ['MQTT broker my-host-4: out of reach'],
      warnings: [{ atMs: NOON_MS, text: 'the broker throttles', count: 2 }],
    },
  });
  const all = await overviewOf(await get('/ledger', bearer('all').headers));
  assert.deepEqual(all.processes.find(({ role }) => role === 'worker')?.state, {
    version: '0.1.0',
    store: 'redis://my-host-3:6379',
    broker: null,
    commits: 7,
    commits_failed: 1,
    commit_ms: 70,
    lag_ms: 12,
    problems: ['MQTT broker my-host-4: out of reach'],
    warnings: [{ at: '2026-09-22T12:00:00.000Z', text: 'the broker throttles', count: 2 }],
  });
  for (const path of ['/ledger', '/metrics']) {
    const text = await (await get(path, bearer('floor').headers)).text();
    assert.doesNotMatch(text, /my-host/, path);
    assert.match(text, /worker-[0-9a-f]{8}/, path);
  }
  assert.match(await (await get('/ledger', bearer('all').headers)).text(), /worker-my-host-2-def/);
});
