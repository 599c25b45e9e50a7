import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentIn, refusingStore, startApi, storeWith, yesterdayS } from './api.fixture.js';
import { Problem } from './http/problem.js';

const never = new Promise<never>(() => {});

async function problemIn(response: Response): Promise<Problem> {
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const problem = await documentIn(Problem, response);
  assert.equal(problem.status, response.status);
  return problem;
}

test('an answer is live data, to be taken as the type it says', async (t) => {
  const { get } = await startApi(t);
  const response = await get('/summary');
  assert.equal(response.headers.get('content-type'), 'application/json');
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(response.headers.get('cache-control'), 'no-store');
});

test('an unknown path is a 404 problem', async (t) => {
  const { get } = await startApi(t);
  for (const path of ['/', '/nothing', '/labs/', '/summary/', '//summary', '/Summary']) {
    const problem = await problemIn(await get(path));
    assert.equal(problem.status, 404, path);
    assert.equal(problem.type, 'about:blank');
    assert.equal(problem.title, 'Not Found');
  }
});

test('a known path with the wrong method is a 405 problem that names the right ones', async (t) => {
  const { app } = await startApi(t);
  const cases: [method: string, path: string, allow: string][] = [
    ['POST', '/summary', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/labs/floor-2/room-7', 'GET, HEAD, OPTIONS'],
    ['PUT', '/labs/floor-2/buckets', 'GET, HEAD, OPTIONS'],
    ['GET', '/observation', 'POST, OPTIONS'],
    ['HEAD', '/observation', 'POST, OPTIONS'],
    ['PUT', '/observation', 'POST, OPTIONS'],
  ];
  for (const [method, path, allow] of cases) {
    const response = await app.request(path, { method });
    assert.equal(response.status, 405, `${method} ${path}`);
    assert.equal(response.headers.get('allow'), allow);
    if (method !== 'HEAD') assert.equal((await problemIn(response)).instance, path);
  }
});

test('OPTIONS tells what a path takes, and of an unknown path that there is nothing', async (t) => {
  const { app } = await startApi(t);
  for (const [path, allow] of [
    ['/labs', 'GET, HEAD, OPTIONS'],
    ['/labs/a/buckets', 'GET, HEAD, OPTIONS'],
    ['/observation', 'POST, OPTIONS'],
  ] as const) {
    const response = await app.request(path, { method: 'OPTIONS' });
    assert.deepEqual([response.status, response.headers.get('allow')], [204, allow], path);
  }
  assert.equal((await app.request('/nothing', { method: 'OPTIONS' })).status, 404);
});

test('HEAD answers as GET does, without the body', async (t) => {
  const { app } = await startApi(t);
  for (const path of [
    '/summary',
    '/labs',
    '/buckets',
    '/summaries',
    '/ledger',
    '/rejections',
    '/livez',
    '/readyz',
    '/openapi.json',
    '/docs',
  ]) {
    const response = await app.request(path, { method: 'HEAD' });
    assert.equal(response.status, 200, path);
    assert.equal(await response.text(), '');
  }
  assert.equal((await app.request('/labs/unknown', { method: 'HEAD' })).status, 404);
});

test('a URL that would have to be guessed at is a 400 problem', async (t) => {
  const { get } = await startApi(t);
  for (const path of [
    '/labs/%E0%A4%A',
    '/labs/100%',
    '/labs/%FF',
    '/labs?cursor=%E0%A4%A',
    '/summary?offset=-1&offset=-1',
    '/summary?offset=-1&%6Fffset=0',
    '/labs?limit=1&limit=2',
    '/nothing?x=%',
  ])
    assert.equal((await problemIn(await get(path))).status, 400, path);
});

test('a number that is not one within its limits is a 400 problem that names them', async (t) => {
  const { get } = await startApi(t);
  for (const limit of ['0', '-1', '1001', '1e9', 'abc', '', '1.5', '0x10', '٣', '9'.repeat(400)])
    for (const path of ['/labs', '/rejections']) {
      const problem = await problemIn(await get(`${path}?limit=${encodeURIComponent(limit)}`));
      assert.equal(problem.status, 400, `${path}?limit=${limit}`);
      assert.equal(problem.detail, 'limit is one integer from 1 to 1000');
    }
});

const READS = [
  '/summary',
  '/labs',
  '/labs/lab01',
  '/labs/lab01/buckets',
  '/labs/lab01/summary',
  '/buckets',
  '/summaries',
  '/summaries?labs=lab01',
  '/ledger',
  '/rejections',
];

test('a store that hangs gives a 503 problem in time, and only for what needs it', async (t) => {
  const { get } = await startApi(t, {
    storeTimeoutMs: 20,
    instead: (store) =>
      storeWith(store, {
        buckets: () => ({ [Symbol.asyncIterator]: () => ({ next: () => never }) }),
        labs: () => never,
        latest: () => never,
        series: () => never,
        ledgers: () => never,
        rejections: () => never,
      }),
  });
  for (const path of READS) {
    const response = await get(path);
    assert.equal(response.headers.get('retry-after'), '5');
    const problem = await problemIn(response);
    assert.equal(problem.status, 503, path);
    assert.equal(problem.type, '/problems/store-unavailable');
  }
  assert.equal((await get('/livez')).status, 200);
});

test('a store that fails gives a 503 problem without its words, which are logged', async (t) => {
  const { get, logged } = await startApi(t, {
    instead: (store) =>
      storeWith(refusingStore(store), {
        rejections: () => {
          throw new Error('connection to 10.1.2.3 lost');
        },
      }),
  });
  for (const path of READS) {
    const problem = await problemIn(await get(path));
    assert.equal(problem.status, 503, path);
    assert.doesNotMatch(JSON.stringify(problem), /10\.1\.2\.3/);
  }
  const warnings = logged.filter((line) => line.level === 40);
  assert.equal(warnings.length, READS.length);
  for (const line of warnings) assert.match(JSON.stringify(line.err), /10\.1\.2\.3/);
});

test('an error of ours is a 500 problem without its words, which are logged', async (t) => {
  const { app, logged } = await startApi(t);
  app.get('/broken', () => {
    throw new TypeError('secret is not a function');
  });
  const problem = await problemIn(await app.request('/broken'));
  assert.equal(problem.status, 500);
  assert.doesNotMatch(JSON.stringify(problem), /secret/);
  assert.match(JSON.stringify(logged.find((line) => line.level === 50)), /secret/);
});

test('each request is logged at debug', async (t) => {
  const { get, post, logged } = await startApi(t);
  await post({ lab_id: 'lab01', timestamp: yesterdayS(1), temp: 1 });
  await get('/labs/a%2Fb?temp=..1');
  assert.deepEqual(
    logged.map(({ level, method, path, status, ms }) => [level, method, path, status, typeof ms]),
    [
      [20, 'POST', '/observation', 200, 'number'],
      [20, 'GET', '/labs/a%2Fb', 404, 'number'],
    ],
  );
});
