import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientFights } from './client-fights.js';

test('clients fight that end each other three times within a minute; each fight is found once', () => {
  let nowMs = 0;
  const fights = new ClientFights(() => nowMs);
  const found = (count: number, everyMs: number) =>
    Array.from({ length: count }, () => {
      nowMs += everyMs;
      return fights.takeOver('a');
    });
  // A network that breaks.
  assert.deepEqual(found(4, 40_000), [false, false, false, false]);
  nowMs += 100_000;
  assert.deepEqual(found(5, 1000), [false, false, true, false, false]);
  nowMs += 100_000;
  assert.deepEqual(found(3, 1000), [false, false, true]);
});

test('a watch of client ids is bounded, however many there are', () => {
  const fights = new ClientFights(() => 0);
  for (let i = 0; i < 5000; i++) assert.equal(fights.takeOver(`${i}`), false);
  // The last ones are still watched, the first ones are not.
  assert.deepEqual([fights.takeOver('4999'), fights.takeOver('4999')], [false, true]);
  assert.deepEqual([fights.takeOver('0'), fights.takeOver('0'), fights.takeOver('0')], [false, false, true]);
});
