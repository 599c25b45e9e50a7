import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateMeter } from './rate-meter.js';

test('a rate is that of the last ten seconds, and begins anew with the counter', () => {
  const meter = new RateMeter();
  assert.equal(meter.add(100, 0), undefined);
  assert.equal(meter.add(120, 2000), 10);
  assert.equal(meter.add(120, 2000), 10);
  for (let s = 3; s <= 30; s++) meter.add(120 + (s - 2) * 50, s * 1000);
  assert.equal(meter.add(120 + 29 * 50, 31_000), 50);
  assert.equal(meter.add(5, 32_000), undefined);
  assert.equal(meter.add(6, 33_000), 1);
});
