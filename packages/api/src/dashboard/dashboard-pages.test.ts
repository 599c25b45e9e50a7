import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { temporaryFolder } from '@humtemp/test-services';
import { openTokens, tokenLines } from '../access/access.fixture.js';
import { documentIn, startApi } from '../api.fixture.js';
import { acceptsGzip } from './accepts-gzip.js';
import { Service } from './service-route.js';
import { readSite } from './site.js';

const SCRIPT = 'let a = 1;'.repeat(50);

/** A page with one file, as Vite builds it. */
async function builtSite(t: import('node:test').TestContext) {
  const folder = await temporaryFolder('site');
  t.after(() => folder.remove());
  await mkdir(join(folder.path, 'assets'));
  await writeFile(join(folder.path, 'index.html'), '<!doctype html><title>x</title>');
  await writeFile(join(folder.path, 'assets', 'index-abc.js'), SCRIPT);
  await writeFile(join(folder.path, 'stamp'), 'not for the web');
  return readSite(folder.path)!;
}

test('every path of the page answers with it, under a policy that allows nothing inline', async (t) => {
  const { get } = await startApi(t, { site: await builtSite(t) });
  for (const path of ['/', '/hours', '/lab/floor-2/room-7', '/wall', '/sign-in']) {
    const page = await get(path);
    assert.equal(page.status, 200, path);
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(page.headers.get('cache-control'), 'no-cache');
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  }
  for (const path of ['/lab/', '/hours/x', '/index', '/stamp', '/assets/../index.html/x'])
    assert.equal((await get(path)).status, 404, path);
});

test('its files are kept for ever under names that change with them, compressed, and asked for once', async (t) => {
  const { get, app } = await startApi(t, { site: await builtSite(t) });
  const plain = await get('/assets/index-abc.js');
  assert.equal(plain.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  assert.equal(await plain.text(), SCRIPT);
  const packed = await get('/assets/index-abc.js', { 'accept-encoding': 'br, gzip' });
  assert.equal(packed.headers.get('content-encoding'), 'gzip');
  assert.equal(gunzipSync(Buffer.from(await packed.arrayBuffer())).toString(), SCRIPT);
  const etag = plain.headers.get('etag')!;
  assert.equal((await get('/assets/index-abc.js', { 'if-none-match': `W/${etag}, "x"` })).status, 304);
  const head = await app.request('/assets/index-abc.js', { method: 'HEAD' });
  assert.deepEqual([head.headers.get('content-length'), await head.text()], [String(SCRIPT.length), '']);
});

test('the page needs no token, what it asks for does', async (t) => {
  const { tokens } = await openTokens(t, tokenLines({ wall: {} }));
  const { get } = await startApi(t, { site: await builtSite(t), tokens });
  assert.equal((await get('/')).status, 200);
  assert.equal((await get('/service')).status, 401);
  const answer = await documentIn(Service, await get('/service', { authorization: 'Bearer wall-secret' }));
  assert.deepEqual(answer.access, { needs_token: true, name: 'wall', may_write: false });
  assert.deepEqual(
    answer.resolutions.map(({ resolution, kept_s }) => [resolution, kept_s]),
    [
      ['1h', 604_800],
      ['1d', 172_800],
    ],
  );
});

test('a page that is not built is none', async (t) => {
  const folder = await temporaryFolder('site');
  t.after(() => folder.remove());
  assert.equal(readSite(folder.path), undefined);
  assert.equal(readSite(join(folder.path, 'none')), undefined);
  assert.equal((await (await startApi(t)).get('/')).status, 404);
});

test('gzip is sent only to who takes it', () => {
  for (const text of ['gzip', 'br, gzip;q=0.5', '*', 'GZIP']) assert.ok(acceptsGzip(text), text);
  for (const text of [undefined, '', 'br', 'gzip;q=0', '*;q=0, br', 'gzip;q=0, *'])
    assert.ok(!acceptsGzip(text), text);
});
