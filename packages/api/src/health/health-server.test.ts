import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { counter, type StoreHealth } from '@humtemp/bucket-core';
import { pino } from 'pino';
import { NOON_MS, startApi } from '../api.fixture.js';
import { startHealthServer } from './health-server.js';
import { readinessReasons } from './readiness.js';

async function started(t: TestContext, receives = true) {
  const api = await startApi(t);
  const { store, intake } = api;
  const state = { health: 'ok' as StoreHealth, reasons: [] as string[] };
  const server = await startHealthServer({
    host: '127.0.0.1',
    port: 0,
    storeHealth: () => state.health,
    readiness: async () => state.reasons,
    readinessMsMax: 1000,
    metrics: {
      receives,
      intake,
      store,
      meters: [counter('humtemp_store_faults_total', 'Stored values that cannot be read.', () => 2)],
    },
    log: pino({ level: 'silent' }),
  });
  t.after(() => server.stop(0));
  const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);
  return { ...api, state, get };
}

test('health and metrics of any role are on a port of their own', async (t) => {
  const { get, state, post } = await started(t);
  assert.equal((await get('/livez')).status, 200);
  assert.equal((await get('/readyz')).status, 200);
  await post({ lab_id: 'a', temp: 20 });
  const metrics = await (await get('/metrics')).text();
  assert.match(metrics, /^humtemp_observations_committed_total 1$/m);
  assert.match(metrics, /^humtemp_oldest_uncommitted_seconds 0$/m);
  assert.match(metrics, /^humtemp_store_faults_total 2$/m);
  assert.match(metrics, /^process_resident_memory_bytes \d/m);
  state.reasons.push('commits fail: why');
  const unready = await get('/readyz');
  assert.equal(unready.status, 503);
  assert.match(await unready.text(), /commits fail: why/);
  assert.equal((await get('/labs')).status, 404);
});

test('a process whose store is lost is not alive', async (t) => {
  const { get, state } = await started(t);
  state.health = 'degraded';
  assert.equal((await get('/livez')).status, 200);
  state.health = 'lost';
  assert.equal((await get('/livez')).status, 503);
});

test('a process that receives nothing shows no zeros that would be taken for those of others', async (t) => {
  const { get, post } = await started(t, false);
  const before = await (await get('/metrics')).text();
  assert.doesNotMatch(before, /humtemp_observations_|humtemp_commits_total/);
  assert.match(before, /humtemp_store_up 1/);
  await post({ lab_id: 'a', temp: 20 });
  assert.match(await (await get('/metrics')).text(), /^humtemp_observations_received_total 1$/m);
});

test('a process is not ready while an observation waits long for its commit', async () => {
  const store = { ping: async () => {}, health: () => 'ok' as const };
  const intake = { commitFailure: undefined, oldestUncommittedMs: NOON_MS };
  assert.deepEqual(await readinessReasons(store, intake, NOON_MS + 30_000), []);
  assert.deepEqual(await readinessReasons(store, intake, NOON_MS + 31_000), [
    'an observation has waited 31 s for its commit',
  ]);
});
