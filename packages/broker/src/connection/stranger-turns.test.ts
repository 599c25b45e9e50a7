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

/**
 * Which part of the time strangers have, if each of 60 works half a millisecond.
 * @param publishes whether sensors do. @param pollMs what is read before the next turn of the event loop.
 * @param standsMs for how long the process stands still while the first one works.
 */
async function partOfTime(publishes: boolean, pollMs: number, standsMs = 0): Promise<number> {
  let nowMs = 0;
  const sensors = new SensorWatch();
  const turns = new StrangerTurns(() => nowMs, sensors);
  let served = 0;
  for (let i = 0; i < 60; i++)
    turns.add(() => {
      served += 1;
      nowMs += served === 1 ? 0.5 + standsMs : 0.5;
      if (publishes) sensors.took();
      setImmediate(() => {
        nowMs += pollMs;
      });
    });
  while (served < 60 && nowMs - standsMs < 500) {
    if (publishes) sensors.took();
    await new Promise((resolve) => setTimeout(resolve, 0));
    nowMs += 0.1;
  }
  return (served * 0.5) / (nowMs - standsMs);
}

test('strangers have a sixth of the time while sensors publish, whatever else is read, and all of it otherwise', async () => {
  const quiet = await partOfTime(false, 0.1);
  assert.ok(quiet > 0.7, `${quiet} of the time`);
  for (const pollMs of [0.1, 2]) {
    const beside = await partOfTime(true, pollMs);
    assert.ok(beside > 0.12 && beside < 0.2, `${beside} of the time`);
  }
});

test('strangers do not pay for the time in which the process stood still', async () => {
  const after = await partOfTime(true, 2, 5000);
  assert.ok(after > 0.05, `${after} of the time`);
});
