import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SimulatedValues, simulatedLabs } from './simulated-lab.js';

const DAY_MS = 86_400_000;

/** A day of every lab, an observation every five minutes. */
function day(labs: number, seed: number): SimulatedValues[][] {
  return simulatedLabs(labs, seed).map((lab) =>
    Array.from({ length: 288 }, (_, i) => lab.observe(20_000 * DAY_MS + i * 300_000)),
  );
}

test('the same seed gives the same labs, another one others', () => {
  assert.deepEqual(day(3, 7), day(3, 7));
  assert.notDeepEqual(day(3, 7), day(3, 8));
});

test('a lab does not depend on how many others there are', () => {
  assert.deepEqual(day(1, 7)[0], day(5, 7)[0]);
});

test('ids sort by number', () => {
  assert.deepEqual(
    simulatedLabs(2, 1).map((lab) => lab.id),
    ['lab-01', 'lab-02'],
  );
  assert.equal(simulatedLabs(100, 1)[8]?.id, 'lab-009');
});

test('values are those of rooms: plausible, with two decimals, changing over the day and from lab to lab', () => {
  const labs = day(50, 1);
  const averages = labs.map((values) => {
    for (const { temp, humidity } of values) {
      assert.ok(temp > 14 && temp < 28 && humidity > 20 && humidity < 70, `${temp} °C, ${humidity} %RH`);
      assert.equal(temp, Number(temp.toFixed(2)));
      assert.equal(humidity, Number(humidity.toFixed(2)));
    }
    const temps = values.map((value) => value.temp);
    assert.ok(Math.max(...temps) - Math.min(...temps) > 0.5);
    return temps.reduce((sum, temp) => sum + temp, 0) / temps.length;
  });
  assert.ok(Math.max(...averages) - Math.min(...averages) > 3);
});
