import assert from 'node:assert/strict';
import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { Hono } from 'hono';
import { documentIn, startApi } from '../api.fixture.js';
import { Problem } from '../http/problem.js';
import { bearer, openTokens, serveGuarded, tokenLines } from './access.fixture.js';
import { requireLab } from './access-guard.js';
import { entryOf } from './access-tokens.js';
import { tokenDigest } from './token-file.js';

const NOW_MS = Date.UTC(2026, 8, 22, 12);

/** The API behind a guard, and in front of it a route that asks for one lab and one that tells the scope. */
async function start(t: TestContext) {
  const clock = { nowMs: NOW_MS };
  const opened = await openTokens(
    t,
    tokenLines({
      reader: {},
      writer: { write: true },
      floor: { labs: 'floor-2/*,hall' },
      brief: { expiresMs: NOW_MS + 1000 },
    }),
    { clock: () => clock.nowMs },
  );
  const api = await startApi(t);
  const app = new Hono();
  app.get('/one/:lab{.+}', (c) => {
    requireLab(c.get('scope'), c.req.param('lab'));
    return c.json(null);
  });
  app.get('/scope', (c) => c.json({ ...c.get('scope') }));
  app.route('/', api.app);
  const server = await serveGuarded(t, app, opened.tokens);
  return { ...opened, api, clock, server };
}

test('without a token that counts, everything but the health of the process is 401', async (t) => {
  const { server, clock } = await start(t);
  const status = async (path: string, init?: RequestInit) => (await fetch(server.url + path, init)).status;
  for (const path of ['/livez', '/readyz']) assert.equal(await status(path), 200);
  for (const path of ['/labs', '/summary', '/ledger', '/nothing', '/livez/', '//livez', '/labs/%2e%2e/labs'])
    assert.equal(await status(path), 401, path);
  assert.equal(await status('/labs', bearer('reader')), 200);
  assert.equal(await status('/labs?access_token=reader-secret'), 401);

  const none = await fetch(`${server.url}/labs`);
  assert.equal(none.headers.get('www-authenticate'), 'Bearer realm="humtemp"');
  assert.equal(none.headers.get('content-type'), 'application/problem+json');
  assert.equal((await documentIn(Problem, none)).status, 401);
  for (const authorization of [
    'Bearer wrong-secret',
    'Bearer reader-secret,Bearer reader-secret',
    'Bearer',
    'reader-secret',
    'Basic cmVhZGVyLXNlY3JldA==',
    'Bearer reader secret',
  ]) {
    const wrong = await fetch(`${server.url}/labs`, { headers: { authorization } });
    assert.equal(wrong.status, 401, authorization);
    assert.equal(wrong.headers.get('www-authenticate'), 'Bearer realm="humtemp", error="invalid_token"');
  }
  assert.equal(await status('/labs', { headers: { authorization: 'bearer  reader-secret' } }), 200);

  assert.equal(await status('/labs', bearer('brief')), 200);
  clock.nowMs += 1000;
  assert.equal(await status('/labs', bearer('brief')), 401);
});

test('two Authorization headers are not a token', async (t) => {
  const { server } = await start(t);
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  const header = 'Authorization: Bearer reader-secret\r\n';
  socket.write(`GET /labs HTTP/1.1\r\nHost: localhost\r\n${header}${header}Connection: close\r\n\r\n`);
  assert.match(await text(socket), /^HTTP\/1.1 40[01] /);
});

test('a token posts only if it may write, and sees only its labs', async (t) => {
  const { server, api } = await start(t);
  const body = JSON.stringify({ lab_id: 'hall', temp: 20 });
  const post = (name: string) =>
    fetch(`${server.url}/observation`, { method: 'POST', body, ...bearer(name) });
  const refused = await post('reader');
  assert.equal(refused.status, 403);
  assert.match(refused.headers.get('www-authenticate') ?? '', /error="insufficient_scope"/);
  assert.match((await documentIn(Problem, refused)).detail, /reader may only read/);
  assert.equal(api.intake.ledger.counters().received, 0);
  assert.equal((await post('writer')).status, 200);
  assert.equal(api.intake.ledger.counters().committed, 1);

  const one = async (name: string, lab: string) =>
    (await fetch(`${server.url}/one/${lab}`, bearer(name))).status;
  assert.deepEqual(
    await Promise.all(['hall', 'floor-2/7', 'floor-20', 'hall2'].map((lab) => one('floor', lab))),
    [200, 200, 403, 403],
  );
  assert.equal(await one('reader', 'hall2'), 200);

  const scope = async (name: string) => (await fetch(`${server.url}/scope`, bearer(name))).json();
  assert.deepEqual(await scope('floor'), {
    name: 'floor',
    mayWrite: false,
    isAll: false,
    labs: ['floor-2/*', 'hall'],
  });
  assert.deepEqual(await scope('writer'), { name: 'writer', mayWrite: true, isAll: true, labs: ['*'] });
});

test('where no tokens are configured, everybody may do everything', async (t) => {
  const { app } = await startApi(t);
  const open = new Hono();
  open.get('/scope', (c) => c.json({ ...c.get('scope'), allows: c.get('scope').allows('any') }));
  open.route('/', app);
  const { url } = await serveGuarded(t, open, undefined);
  const body = JSON.stringify({ lab_id: 'hall', temp: 20 });
  assert.equal((await fetch(`${url}/observation`, { method: 'POST', body })).status, 200);
  const scope = { isAll: true, labs: ['*'], mayWrite: true, allows: true };
  assert.deepEqual(await (await fetch(`${url}/scope`)).json(), scope);
});

test('a token is compared as a digest, with every entry, wherever the right one stands', () => {
  const entries = ['a', 'b', 'c'].map((token) => ({ token, digest: tokenDigest(token) }));
  for (const asked of ['a', 'b', 'c', 'd']) {
    const compared: Buffer[] = [];
    const found = entryOf(entries, tokenDigest(asked), (entry, digest) => {
      compared.push(entry);
      return timingSafeEqual(entry, digest);
    });
    assert.equal(found?.token, asked === 'd' ? undefined : asked);
    assert.deepEqual(
      compared,
      entries.map((entry) => entry.digest),
    );
  }
});
