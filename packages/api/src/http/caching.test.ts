import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { DAY_S, NOON_MS, startApi, yesterdayS } from '../api.fixture.js';
import { startServer } from './server.js';

const FINISHED = [
  '/labs/a/buckets?from=2026-09-21T00:00:00Z&to=2026-09-22T00:00:00Z',
  '/labs/a/summary?from=2026-09-21T00:00:00Z&to=2026-09-22T00:00:00Z',
  '/summaries?from=2026-09-21T00:00:00Z&to=2026-09-22T00:00:00Z',
];
const OPEN = ['/labs/a/buckets', '/labs/a/summary', '/summaries'].map((path) => `${path}?resolution=1d`);

async function start(t: TestContext) {
  const fixture = await startApi(t);
  await fixture.commit([
    { lab: 'a', ms: yesterdayS(1) * 1000, temp: 20 },
    { lab: 'a', ms: NOON_MS - 1000, temp: 21 },
  ]);
  return fixture;
}

test('what is finished may be kept for a minute, and what is open is asked for each time', async (t) => {
  const { get } = await start(t);
  const kept = async (path: string, headers = {}) => (await get(path, headers)).headers.get('cache-control');
  for (const path of [...FINISHED, '/buckets']) assert.equal(await kept(path), 'public, max-age=60', path);
  for (const path of [...OPEN, '/buckets?offset=0']) assert.equal(await kept(path), 'public, no-cache', path);
  for (const path of [...FINISHED, '/buckets'])
    assert.equal(await kept(path, { authorization: 'Bearer x' }), 'private, max-age=60');
  for (const path of ['/summary', '/labs', '/labs/a', '/labs/b/buckets', '/ledger', '/summaries?from=x'])
    assert.equal(await kept(path), 'no-store', path);
});

test('who has it already is told so, until an observation comes late', async (t) => {
  const { get, commit, clock } = await start(t);
  for (const path of [...FINISHED, ...OPEN, '/openapi.json', '/docs', '/docs/swagger-ui.css']) {
    const etag = (await get(path)).headers.get('etag')!;
    assert.match(etag, /^(W\/)?"\w+"$/, path);
    for (const ifNoneMatch of [etag, `"x", ${etag}`, '*', `W/${etag}`]) {
      const again = await get(path, { 'if-none-match': ifNoneMatch });
      assert.equal(again.status, 304, `${path} ${ifNoneMatch}`);
      assert.equal(await again.text(), '');
      assert.equal(again.headers.get('etag'), etag);
      const forms = path.includes('/buckets') ? 'Accept, ' : '';
      assert.equal(again.headers.get('vary'), `${forms}Accept-Encoding`);
    }
    assert.equal((await get(path, { 'if-none-match': '"x"' })).status, 200);
  }
  const etags = await Promise.all(FINISHED.map(async (path) => (await get(path)).headers.get('etag')!));
  clock.nowMs += 1000;
  for (const [i, path] of FINISHED.entries())
    assert.equal((await get(path, { 'if-none-match': etags[i]! })).status, 304, path);
  await commit([{ lab: 'a', ms: NOON_MS - DAY_S * 1000, temp: 25 }]);
  for (const [i, path] of FINISHED.entries())
    assert.equal((await get(path, { 'if-none-match': etags[i]! })).status, 200, path);
});

test('a client that takes gzip gets it, and its ETag still holds', async (t) => {
  const { app } = await start(t);
  const server = await startServer(app, { host: '127.0.0.1', port: 0 });
  t.after(() => server.stop(0));
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const asked = request({ port: server.port, path, headers }).end();
    const [response] = await once(asked, 'response');
    return { response, body: await buffer(response) };
  };
  const long = [
    '/lab-series?resolution=1h&from=2026-09-21T00:00:00Z&to=2026-09-22T00:00:00Z',
    '/openapi.json',
  ];
  for (const path of ['/summary', FINISHED[0]!, '/buckets', '/labs', ...long]) {
    const plain = await ask(path);
    const { response, body } = await ask(path, { 'accept-encoding': 'gzip, deflate, br' });
    const isShort = plain.body.length < 1024;
    assert.ok(!(isShort && long.includes(path)), path);
    assert.equal(response.headers['content-encoding'], isShort ? undefined : 'gzip', path);
    assert.match(response.headers.vary, /accept-encoding/i);
    if (path !== '/labs') assert.deepEqual(isShort ? body : gunzipSync(body), plain.body, path);
    assert.equal(plain.response.headers['content-encoding'], undefined);
    const { etag } = response.headers;
    if (etag !== undefined)
      for (const encoding of ['identity', 'gzip']) {
        const again = await ask(path, { 'if-none-match': etag, 'accept-encoding': encoding });
        assert.equal(again.response.statusCode, 304, path);
        assert.equal(again.response.headers.vary, response.headers.vary, path);
      }
  }
});

test('pages of allowed origins may read, and others may not', async (t) => {
  const { app, get } = await startApi(t, { corsOrigins: ['https://dashboard.example'] });
  const allowed = (response: Response) => response.headers.get('access-control-allow-origin');
  const good = { origin: 'https://dashboard.example' };
  for (const path of ['/summary', '/nothing', '/labs?limit=0']) {
    const response = await get(path, good);
    assert.equal(allowed(response), good.origin, path);
    assert.match(response.headers.get('vary')!, /Origin/);
  }
  const whole = await get('/openapi.json', good);
  const again = await get('/openapi.json', { ...good, 'if-none-match': whole.headers.get('etag')! });
  assert.equal(again.status, 304);
  assert.equal(again.headers.get('vary'), 'Accept-Encoding, Origin');
  assert.equal(whole.headers.get('vary'), again.headers.get('vary'));
  const image = await get('/docs/favicon-32x32.png');
  assert.equal(image.headers.get('vary'), 'Origin');
  for (const origin of ['https://evil.example', 'null', 'https://dashboard.example.evil', ''])
    assert.equal(allowed(await get('/summary', { origin })), null, origin);
  const preflight = (path: string, origin: string) =>
    app.request(path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    });
  const answer = await preflight('/labs/a/buckets', good.origin);
  assert.equal(answer.status, 204);
  assert.equal(allowed(answer), good.origin);
  assert.match(answer.headers.get('access-control-allow-headers')!, /authorization/);
  assert.equal(allowed(await preflight('/labs', 'https://evil.example')), null);
  // An OPTIONS that is no preflight.
  assert.equal(
    (await app.request('/labs', { method: 'OPTIONS' })).headers.get('allow'),
    'GET, HEAD, OPTIONS',
  );

  const closed = await startApi(t);
  assert.equal(allowed(await closed.get('/summary', good)), null);
  const open = await startApi(t, { corsOrigins: ['*'] });
  assert.equal(allowed(await open.get('/summary', { origin: 'https://any.example' })), '*');
});
