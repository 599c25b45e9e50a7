import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServingClock } from './serving-clock.js';

test('the clock by which clients are late counts no time in which the process stood still', () => {
  let nowMs = 0;
  const clock = new ServingClock(() => nowMs);
  for (let i = 0; i < 10; i++) {
    nowMs += 500;
    clock.look();
  }
  assert.equal(clock.servedMs, 5000);
  nowMs += 3_600_000;
  clock.look();
  assert.equal(clock.servedMs, 6000);
  nowMs += 500;
  clock.look();
  assert.equal(clock.servedMs, 6500);
});
