import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApi } from '../api.fixture.js';
import type { Problem } from '../http/problem.js';

test('a process that runs and can work is alive and ready', async (t) => {
  const { get } = await startApi(t);
  assert.deepEqual(await (await get('/livez')).json(), { status: 'alive' });
  assert.deepEqual(await (await get('/readyz')).json(), { status: 'ready' });
});

test('a process that can work is ready, and says what is not as it should be', async (t) => {
  const { get } = await startApi(t, { warnings: () => ['Redis: too slow → a Redis nearer to humtemp'] });
  const response = await get('/readyz');
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), {
    status: 'ready',
    warnings: ['Redis: too slow → a Redis nearer to humtemp'],
  });
});

test('a process that cannot work is alive, and says why it is not ready', async (t) => {
  const { get } = await startApi(t, { readiness: async () => ['the store does not answer', 'no broker'] });
  assert.equal((await get('/livez')).status, 200);
  const response = await get('/readyz');
  assert.equal(response.status, 503);
  const problem = (await response.json()) as Problem;
  assert.equal(problem.type, '/problems/not-ready');
  assert.deepEqual(problem.reasons, ['the store does not answer', 'no broker']);
  assert.equal(problem.detail, 'the store does not answer; no broker');
});

test('a readiness check that hangs or fails is a reason not to be ready', async (t) => {
  for (const readiness of [() => new Promise<never>(() => {}), () => Promise.reject(new Error('x'))]) {
    const { get } = await startApi(t, { readiness, storeTimeoutMs: 20 });
    const response = await get('/readyz');
    assert.equal(response.status, 503);
    assert.equal(((await response.json()) as Problem).reasons?.length, 1);
  }
});
