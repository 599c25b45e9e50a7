import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createApi } from '@humtemp/api';
import { bucketGrid } from '@humtemp/bucket-core';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { Intake } from '@humtemp/intake';
import { temporaryFolder } from '@humtemp/test-services';
import { pino } from 'pino';
import { ApiFailure, apiUrl, Client } from './index.js';

const GRID = bucketGrid(0, { durationS: 86_400, retention: 2 }, [{ durationS: 3600, retention: 168 }]);
/** In the middle of a day and of an hour. */
const NOW_MS = Date.UTC(2026, 8, 22, 12, 30);

/** A client of a real API, without a port between them, and the requests that it made. */
async function start(t: TestContext, token?: string) {
  const folder = await temporaryFolder('client-test');
  const options = { grid: GRID, deduplicationHorizonS: 86_400, labsMax: 100, rejectionsMax: 100 };
  const store = await EmbeddedStore.open({ ...options, dataDir: folder.path });
  const limits = { payloadBytesMax: 1000, arrayLengthMax: 100, pendingMax: 1000 };
  const intake = new Intake({ store, grid: GRID, limits, clock: () => NOW_MS });
  t.after(async () => {
    await intake.stop(1000);
    await store.close();
    await folder.remove();
  });
  const app = createApi({
    store,
    intake,
    grid: GRID,
    process: 'client-test',
    clock: () => NOW_MS,
    expectedIntervalS: 30,
    requestBytesMax: 1000,
    storeTimeoutMs: 5000,
    readiness: async () => [],
    log: pino({ level: 'silent' }),
  });
  const asked: [string, RequestInit][] = [];
  const client = new Client({
    ...(token === undefined ? {} : { token }),
    fetch: async (url, init) => {
      asked.push([url, init]);
      return app.request(url, init);
    },
  });
  return { client, asked };
}

test('what is posted is answered with the fate of each, and what is asked for is what was posted', async (t) => {
  const { client, asked } = await start(t, 'secret');
  const timestamp = NOW_MS / 1000;
  const { counted, fates } = await client.post('/observations', [
    { lab_id: 'floor-2/a b', timestamp, temp: 21 },
    { lab_id: 'floor-2/7', timestamp, temp: 21.5, humidity: 40 },
  ]);
  assert.deepEqual([counted, fates], [1, ['lab_id', 'counted']]);
  const lab = await client.get('/labs/{lab_id}', { path: { lab_id: 'floor-2/7' } });
  assert.equal(lab.latest?.temp, 21.5);
  const { labs } = await client.get('/lab-series', { query: { prefix: 'floor', resolution: '1h' } });
  assert.deepEqual(
    labs.map(({ lab_id, temp }) => [lab_id, temp.avg.at(-1)]),
    [['floor-2/7', 21.5]],
  );
  assert.deepEqual(
    asked.map(([url]) => url),
    ['/observations', '/labs/floor-2%2F7', '/lab-series?prefix=floor&resolution=1h'],
  );
  for (const [, { headers }] of asked)
    assert.equal((headers as Record<string, string>).authorization, 'Bearer secret');
});

test('an answer that is no success is an error with its status and what it says', async (t) => {
  const { client } = await start(t);
  // @ts-expect-error the compiler knows the parameters of each route, and so does the service
  await assert.rejects(client.get('/labs', { query: { limt: 5 } }), (error: ApiFailure) => {
    assert.equal(error.status, 400);
    assert.match(error.message, /limit/);
    return true;
  });
  // @ts-expect-error nor is there such a route
  await assert.rejects(client.get('/lab'), { status: 404 });
  // @ts-expect-error a lab has to be named
  const unnamed = () => client.get('/labs/{lab_id}');
  await assert.rejects(unnamed(), ApiFailure);
  const silent = new Client({ timeoutMs: 1, fetch: (_, { signal }) => aborted(signal!) });
  await assert.rejects(silent.get('/labs'), (error) => error instanceof ApiFailure && error.status === 0);
});

test('a URL has what is given, readable', () => {
  assert.equal(
    apiUrl('/labs/{lab_id}/buckets', { from: '2026-09-21T00:00:00Z', to: undefined }, { lab_id: 'a/b' }),
    '/labs/a%2Fb/buckets?from=2026-09-21T00:00:00Z',
  );
  assert.equal(apiUrl('/labs', { labs: 'a,b', q: 'a&b' }), '/labs?labs=a,b&q=a%26b');
});

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    // The timer of a signal keeps no process alive.
    const alive = setTimeout(() => {}, 10_000);
    signal.addEventListener('abort', () => {
      clearTimeout(alive);
      reject(signal.reason as Error);
    });
  });
}
