import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_COUNTERS } from '@humtemp/bucket-core';
import { documentIn, NOON_MS, startApi } from '../api.fixture.js';
import { LedgerOverview } from './ledger-route.js';

async function overviewOf(response: Response): Promise<LedgerOverview> {
  assert.equal(response.status, 200);
  return documentIn(LedgerOverview, response);
}

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
        received: 10,
        committed: 6,
        duplicate: 1,
        rejected: { not_json: 1, temp: 1 },
        in_flight: 1,
        balanced: true,
      },
    ],
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
