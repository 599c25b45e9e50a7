import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SensorWatch } from './sensor-watch.js';
import { TurnWatch } from './turn-watch.js';

/** Looks after turns of these lengths. @returns what rest there is after each. */
function restsOf(watch: TurnWatch, fromMs: number, turnsMs: readonly number[]): number[] {
  let nowMs = fromMs;
  watch.pause();
  watch.look(nowMs);
  return turnsMs.map((turnMs) => {
    nowMs += turnMs;
    watch.look(nowMs);
    return watch.restMs;
  });
}

test('the more turns are long, the longer others rest, as long as sensors publish', () => {
  const sensors = new SensorWatch();
  const watch = new TurnWatch(sensors);
  assert.deepEqual(restsOf(watch, 0, [10, 10, 10]), [0, 0, 0]);
  sensors.took();
  assert.deepEqual(restsOf(watch, 1000, [1, 2.9]), [0, 0]);
  assert.deepEqual(restsOf(watch, 1010, [4, 4, 4, 4, 4]), [0.5, 1, 2, 4, 4]);
  // Four milliseconds of rest are gone after a second of short turns.
  const rests = restsOf(
    watch,
    1040,
    Array.from({ length: 1000 }, () => 1),
  );
  assert.ok(rests.every((rest, i) => i === 0 || rest <= rests[i - 1]!));
  assert.ok(rests[400]! > 1 && rests[400]! < 3);
  assert.equal(rests.at(-1), 0);
  // The last observation is too long ago.
  assert.deepEqual(restsOf(watch, 3000, [10]), [0]);
  sensors.took();
  assert.deepEqual(restsOf(watch, 3100, [10]), [0.5]);
});

test('a time in which nobody waited is no long turn, and a timer that is late is one', () => {
  const sensors = new SensorWatch();
  const watch = new TurnWatch(sensors);
  sensors.took();
  watch.look(0);
  watch.pause();
  watch.look(500);
  assert.equal(watch.isLong, false);
  watch.pause(504);
  watch.look(505);
  assert.equal(watch.isLong, false);
  watch.pause(509);
  watch.look(515);
  assert.equal(watch.isLong, true);
});
