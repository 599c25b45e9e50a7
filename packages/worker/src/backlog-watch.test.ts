import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { BacklogWatch } from './backlog-watch.js';

/** What a watch reports when so many observations come in each two seconds. */
function reported(t: TestContext, counts: readonly number[]): number[] {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let total = 1000;
  const found: number[] = [];
  const watch = new BacklogWatch(
    () => total,
    (observations) => found.push(observations),
  );
  watch.resumed();
  for (const count of counts) {
    total += count;
    t.mock.timers.tick(2000);
  }
  watch.resumed();
  t.mock.timers.tick(100_000);
  t.mock.timers.reset();
  return found;
}

test('what a broker had kept without timestamps is a burst, and is reported once', (t) => {
  assert.deepEqual(reported(t, [500, 10, 10]), [500]);
  assert.deepEqual(reported(t, [500, 600, 20, 20]), [1100]);
  assert.deepEqual(reported(t, [10, 0]), [10]);
});

test('what goes on as it came is none, and neither is a little', (t) => {
  assert.deepEqual(reported(t, Array(40).fill(100)), []);
  assert.deepEqual(reported(t, [3, 0, 0]), []);
  assert.deepEqual(reported(t, [0, 0, 0]), []);
});
