import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startApi } from '../api.fixture.js';
import { openTokens, tokenLines } from './access.fixture.js';
import { beginSession, sessionToken } from './session-cookie.js';

const JSON_TYPE = { 'content-type': 'application/json' };

async function start(t: TestContext) {
  const opened = await openTokens(
    t,
    tokenLines({ reader: {}, writer: { write: true }, floor: { labs: 'floor-2/*' } }),
  );
  const api = await startApi(t, { tokens: opened.tokens });
  const signIn = (token: string, headers: Record<string, string> = {}) =>
    api.app.request('/session', {
      method: 'POST',
      body: JSON.stringify({ token }),
      headers: { host: 'here:8000', ...JSON_TYPE, ...headers },
    });
  return { ...opened, ...api, signIn };
}

function cookieOf(response: Response): string {
  return (response.headers.get('set-cookie') ?? '').split(';')[0]!;
}

test('a token becomes a cookie that no script reads and no other site sends, with the rights of the token', async (t) => {
  const { signIn, get, commit, clock } = await start(t);
  await commit(['hall', 'floor-2/7'].map((lab) => ({ lab, ms: clock.nowMs - 1000, temp: 20 })));
  const signedIn = await signIn('floor-secret', { origin: 'http://here:8000' });
  assert.equal(signedIn.status, 200);
  assert.match(
    signedIn.headers.get('set-cookie')!,
    /^humtemp_session=floor-secret; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  const cookie = cookieOf(signedIn);
  const { labs } = (await (await get('/labs', { cookie })).json()) as { labs: { lab_id: string }[] };
  assert.deepEqual(
    labs.map(({ lab_id }) => lab_id),
    ['floor-2/7'],
  );
  assert.equal((await get('/labs/hall', { cookie })).status, 403);
  assert.equal((await get('/labs')).status, 401);
  const secure = await signIn('floor-secret', { origin: 'https://here:8000' });
  assert.match(secure.headers.get('set-cookie')!, /; Secure$/);
});

test('a token that is not known begins no session, and one that is taken away ends it', async (t) => {
  const { signIn, get, replace, tokens } = await start(t);
  const wrong = await signIn('other-secret');
  assert.equal(wrong.status, 401);
  assert.equal(wrong.headers.get('set-cookie'), null);
  const cookie = cookieOf(await signIn('reader-secret'));
  await replace('# nobody\n');
  await tokens.reload();
  const ended = await get('/labs', { cookie });
  assert.equal(ended.status, 401);
  assert.match(await ended.text(), /sign in again/);
});

test('the page of another origin can neither sign in nor out, nor ask with the cookie', async (t) => {
  const { signIn, app, get } = await start(t);
  const foreign = { host: 'here:8000', origin: 'http://elsewhere:8000' };
  assert.equal((await signIn('reader-secret', foreign)).status, 403);
  assert.equal((await signIn('reader-secret', { 'sec-fetch-site': 'cross-site' })).status, 403);
  assert.equal((await app.request('/session', { method: 'DELETE', headers: foreign })).status, 403);
  const cookie = cookieOf(await signIn('writer-secret'));
  const post = (headers: Record<string, string>) =>
    app.request('/observation', {
      method: 'POST',
      body: JSON.stringify({ lab_id: 'hall', temp: 20 }),
      headers: { ...headers, cookie },
    });
  assert.equal((await post(foreign)).status, 403);
  assert.equal((await get('/labs', { ...foreign, cookie })).status, 403);
  assert.equal((await post({ host: 'here:8000', origin: 'http://here:8000' })).status, 200);
});

test('a body that is no token in JSON is refused', async (t) => {
  const { app, signIn } = await start(t);
  const post = async (body: string, headers: Record<string, string>) =>
    (await app.request('/session', { method: 'POST', body, headers })).status;
  assert.equal(await post('token=reader-secret', { 'content-type': 'text/plain' }), 415);
  for (const body of ['', '{', 'null', '{"token":7}', '{"token":"a; b"}', `{"token":"${'a'.repeat(5000)}"}`])
    assert.equal(await post(body, JSON_TYPE), 400, body.slice(0, 20));
  assert.equal((await signIn('reader-secret\r\nset-cookie: x=y')).status, 400);
});

test('signing out takes the cookie away; answers to a session are kept for it alone', async (t) => {
  const { signIn, app, get } = await start(t);
  const cookie = cookieOf(await signIn('reader-secret'));
  const kept = await get('/buckets?offset=-1', { cookie });
  assert.match(kept.headers.get('cache-control')!, /^private/);
  assert.match(kept.headers.get('vary')!, /Cookie/);
  const out = await app.request('/session', { method: 'DELETE', headers: { cookie } });
  assert.match(out.headers.get('set-cookie')!, /^humtemp_session=; Max-Age=0; .*HttpOnly/);
  assert.equal(out.headers.get('clear-site-data'), '"cache"');
});

test('the cookie is found among others', () => {
  assert.equal(sessionToken('a=b; humtemp_session=x=; c=d'), 'x=');
  assert.equal(sessionToken('xhumtemp_session=x'), undefined);
  assert.equal(sessionToken(undefined), undefined);
  assert.match(beginSession('x', true), /; Secure$/);
});

test('where no token is needed, signing in is nothing', async (t) => {
  const { app } = await startApi(t);
  const headers = { host: 'localhost', ...JSON_TYPE };
  const answer = await app.request('/session', { method: 'POST', body: '{"token":"x"}', headers });
  assert.deepEqual([answer.status, answer.headers.get('set-cookie')], [200, null]);
});
