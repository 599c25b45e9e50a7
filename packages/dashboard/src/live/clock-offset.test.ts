import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClockOffset } from './clock-offset.js';

test('the clock of the service counts, and what a message took on its way does not', () => {
  const offset = new ClockOffset();
  assert.equal(offset.add(-40), false);
  assert.equal(offset.aheadMs, 0);
  // This computer is an hour behind; messages take from 50 ms to 3 s.
  const hourMs = 3_600_000;
  offset.add(hourMs - 3000);
  offset.add(hourMs - 50);
  offset.add(hourMs - 900);
  assert.equal(offset.aheadMs, hourMs - 50);
  // Somebody sets it: after ten messages nothing of before is left.
  for (let i = 0; i < 10; i++) offset.add(-100);
  assert.ok(Math.abs(offset.aheadMs) < 250);
  assert.equal(offset.add(Number.NaN), false);
});
