import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApi } from '../api.fixture.js';
import { nearest } from './nearest-name.js';

test('a parameter that a route does not have is refused, with the one that was meant', async (t) => {
  const { get } = await startApi(t);
  for (const [path, expected] of [
    ['/labs?prefx=a', /"prefx" is no parameter of this route: did you mean prefix\?/],
    ['/labs/a/buckets?resoluton=1h', /did you mean resolution\?/],
    ['/buckets?Format=csv', /did you mean format\?/],
    ['/summaries?format=csv', /which takes labs, prefix/],
    ['/ledger?format=csv', /which takes none/],
    ['/stream?lab=a', /did you mean labs\?/],
    ['/lab-summaries?%7Bx%7D=1', /"\{x\}" is no parameter/],
  ] as const) {
    const response = await get(path);
    assert.equal(response.status, 400, path);
    assert.match(((await response.json()) as { detail: string }).detail, expected);
  }
  for (const path of ['/livez?x=1', '/readyz?probe=2', '/openapi.json?v=1', '/docs?x'])
    assert.equal((await get(path)).status, 200, path);
});

test('the nearest name is one with few other letters', () => {
  const names = ['from', 'to', 'resolution', 'temp', 'humidity'];
  for (const [text, expected] of [
    ['form', 'from'],
    ['TO', 'to'],
    ['humdity', 'humidity'],
    ['tmep', 'temp'],
    ['xyz', undefined],
    ['x'.repeat(1000), undefined],
    ['', undefined],
  ] as const)
    assert.equal(nearest(text, names), expected, text);
});
