import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApi } from '../api.fixture.js';
import { bearer, openTokens, tokenLines } from './access.fixture.js';
import { foreignPage, type PageHeaders, type PagesAllowed } from './foreign-page.js';

const NONE: PagesAllowed = { hosts: [], origins: [] };
const FROM_A_PROGRAM: PageHeaders = {
  method: 'GET',
  host: '127.0.0.1:8000',
  origin: undefined,
  site: undefined,
  mode: undefined,
  dest: undefined,
};

function statusOf(headers: Partial<PageHeaders>, allowed = NONE): number | undefined {
  return foreignPage({ ...FROM_A_PROGRAM, ...headers }, allowed)?.status;
}

test('a host is an address, localhost, or a name that is configured', () => {
  const ours = [
    '127.0.0.1',
    '10.1.2.3:80',
    '[::1]:8000',
    '[fe80::1]',
    'localhost',
    'LOCALHOST:8000',
    'x.localhost',
  ];
  for (const host of [...ours, 'localhost.']) assert.equal(statusOf({ host }), undefined, host);
  const foreign = [
    'evil.example',
    'evil.example:8000',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'labs',
    '',
  ];
  for (const host of foreign) assert.equal(statusOf({ host }), 421, host);
  const named = { hosts: ['labs.example'], origins: [] };
  for (const host of ['labs.example', 'Labs.Example:8000', 'labs.example.'])
    assert.equal(statusOf({ host }, named), undefined, host);
  assert.equal(statusOf({ host: 'other.example' }, named), 421);
  assert.equal(statusOf({ host: 'other.example' }, { hosts: ['*'], origins: [] }), undefined);
});

test('a page asks its own origin, or has to be listed', () => {
  assert.equal(statusOf({ origin: 'http://127.0.0.1:8000' }), undefined);
  assert.equal(statusOf({ host: 'localhost', origin: 'http://localhost:80' }), undefined);
  assert.equal(
    statusOf(
      { host: 'labs.example', origin: 'https://labs.example' },
      { hosts: ['labs.example'], origins: [] },
    ),
    undefined,
  );
  for (const origin of [
    'https://evil.example',
    'null',
    'http://localhost:3000',
    'http://127.0.0.1',
    'file://',
    '',
  ])
    for (const method of ['GET', 'POST']) assert.equal(statusOf({ origin, method }), 403, origin);
  const listed = { hosts: [], origins: ['https://dashboard.example'] };
  assert.equal(statusOf({ origin: 'https://dashboard.example', site: 'cross-site' }, listed), undefined);
  assert.equal(statusOf({ origin: 'https://other.example' }, listed), 403);
  assert.equal(statusOf({ origin: 'https://any.example' }, { hosts: [], origins: ['*'] }), undefined);
});

test('what a page of another site sends without naming its origin is refused, but a link may be followed', () => {
  assert.equal(statusOf({ site: 'cross-site', mode: 'no-cors', dest: 'image' }), 403);
  assert.equal(statusOf({ site: 'cross-site', mode: 'no-cors', dest: 'script' }), 403);
  assert.equal(statusOf({ site: 'cross-site', mode: 'navigate', dest: 'iframe' }), 403);
  assert.equal(statusOf({ site: 'cross-site', mode: 'navigate', dest: 'document', method: 'POST' }), 403);
  assert.equal(statusOf({ site: 'cross-site', mode: 'navigate', dest: 'document' }), undefined);
  for (const site of ['same-origin', 'none']) assert.equal(statusOf({ site, mode: 'cors' }), undefined, site);
});

const EVIL = { origin: 'https://evil.example', host: 'x' };

test('without tokens no page of another origin posts or reads, whatever the type of its body', async (t) => {
  const { app, get, intake } = await startApi(t);
  const post = (headers: Record<string, string>) =>
    app.request('/observation', {
      method: 'POST',
      headers: { host: '127.0.0.1:8000', 'content-type': 'text/plain', ...headers },
      body: '{"lab_id":"a","temp":20}',
    });
  assert.equal((await post({ origin: EVIL.origin })).status, 403);
  assert.equal((await post({ 'sec-fetch-site': 'cross-site' })).status, 403);
  assert.equal((await post({ host: 'evil.example' })).status, 421);
  assert.equal(intake.ledger.counters().received, 0);
  assert.equal((await post({})).status, 200);
  const refused = await get('/labs', { host: 'evil.example:8000' });
  assert.equal(refused.status, 421);
  assert.match(refused.headers.get('content-type')!, /problem\+json/);
  assert.match(await refused.text(), /HUMTEMP_PUBLIC_HOSTS/);
  for (const path of ['/stream', '/metrics', '/nothing', '/docs'])
    assert.equal((await get(path, { host: 'evil.example' })).status, 421, path);
  // A probe may come by any name: nothing of a lab is there.
  assert.equal((await get('/livez', { host: 'humtemp' })).status, 200);
});

test('with tokens a name need not be configured, for no page has a token', async (t) => {
  const { tokens } = await openTokens(t, tokenLines({ all: {} }));
  const { get } = await startApi(t, { tokens });
  assert.equal((await get('/labs', { host: 'labs.example', ...bearer('all').headers })).status, 200);
  assert.equal((await get('/labs', { host: 'labs.example' })).status, 401);
});
