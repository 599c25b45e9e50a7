import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApi } from '../api.fixture.js';

test('the documentation page and everything it loads come from here', async (t) => {
  const { get } = await startApi(t);
  const page = await get('/docs');
  assert.equal(page.status, 200);
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  const policy = page.headers.get('content-security-policy')!;
  assert.match(policy, /^default-src 'none'; script-src 'self';/);
  assert.doesNotMatch(policy, /http|\*|unsafe-eval|script-src[^;]*unsafe/);
  const html = await page.text();
  assert.doesNotMatch(html, /<script>|https?:\/\/|\son\w+=/);
  const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
  assert.equal(loaded.length, 4);
  for (const path of loaded) {
    const response = await get(`/${path}`);
    assert.equal(response.status, 200, path);
    assert.match(
      response.headers.get('content-type')!,
      /^(text\/(javascript|css); charset=utf-8|image\/png)$/,
    );
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.ok((await response.arrayBuffer()).byteLength > 50, path);
  }
  assert.match(await (await get('/docs/start.js')).text(), /url: 'openapi\.json'/);
});

test('/redoc, where the earlier service had its documentation, leads to it', async (t) => {
  const { get } = await startApi(t);
  const response = await get('/redoc');
  assert.deepEqual([response.status, response.headers.get('location')], [308, 'docs']);
});

test('nothing else of the packages is served', async (t) => {
  const { get } = await startApi(t);
  for (const path of ['/docs/', '/docs/package.json', '/docs/swagger-ui.js', '/docs/..%2fpackage.json'])
    assert.equal((await get(path)).status, 404, path);
});
