import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SensorWatch } from './sensor-watch.js';
import { StrangerTurns } from './stranger-turns.js';

test('of thousands of strangers at once, those are served in a turn that there is time for, in their order', async () => {
  let nowMs = 0;
  const turns = new StrangerTurns(() => nowMs);
  for (const [costMs, most] of [
    [0, 16],
    [0.5, 4],
    [1.5, 2],
    [50, 1],
  ] as const) {
    const begun: number[] = [];
    const of: number[] = [];
    for (let i = 0; i < 100; i++)
      turns.add(() => {
        begun.push(i);
        nowMs += costMs;
      });
    assert.equal(begun.length, 0);
    for (let before = 0; before < 100; before = begun.length) {
      await nextTurn();
      of.push(begun.length - before);
    }
    assert.ok(Math.max(...of) <= most, `${Math.max(...of)} of ${costMs} ms in one turn`);
    assert.deepEqual(
      begun,
      Array.from({ length: 100 }, (_, i) => i),
    );
  }
});

test('strangers rest between turns that are long, while sensors publish', async () => {
  let longMs = 0;
  const sensors = new SensorWatch();
  const turns = new StrangerTurns(() => performance.now() + longMs, sensors);
  /** Turns of the event loop in which 20 are served. */
  const turnsFor20 = async () => {
    let served = 0;
    let count = 0;
    for (let i = 0; i < 20; i++)
      turns.add(() => {
        served += 1;
        longMs += 5;
      });
    for (; served < 20; count++) await nextTurn();
    return count;
  };
  const atOnce = await turnsFor20();
  sensors.took();
  const rested = await turnsFor20();
  assert.ok(atOnce < 25 && rested > 2 * atOnce, `${atOnce}, ${rested}`);
});

test('strangers have a fifth of the time while sensors publish, and all of it otherwise', async () => {
  let nowMs = 0;
  const sensors = new SensorWatch();
  const turns = new StrangerTurns(() => nowMs, sensors);
  /** Which part of the time is theirs, if one of them works half a millisecond, for 60 of them. */
  const partOfTime = async (publishes: boolean) => {
    let served = 0;
    const beganMs = nowMs;
    for (let i = 0; i < 60; i++)
      turns.add(() => {
        served += 1;
        nowMs += 0.5;
      });
    while (served < 60) {
      if (publishes) sensors.took();
      await new Promise((resolve) => setTimeout(resolve, 0));
      nowMs += 0.1;
    }
    return 30 / (nowMs - beganMs);
  };
  const quiet = await partOfTime(false);
  const beside = await partOfTime(true);
  assert.ok(quiet > 0.7, `${quiet} of the time`);
  assert.ok(beside > 0.1 && beside < 0.25, `${beside} of the time`);
});
