import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverage } from './coverage.js';

test('it is what came of what was to be expected until now', () => {
  const cases: [observations: number, endS: number, nowS: number, expected: number | null][] = [
    [0, 3600, 0, null],
    [5, 3600, -10, null],
    [0, 3600, 1, 0],
    [1, 3600, 1, 1],
    [1, 3600, 59, 1],
    [1, 3600, 60, 0.5],
    [1, 3600, 89.999, 0.5],
    [60, 3600, 1800, 1],
    [60, 3600, 3600, 0.5],
    [60, 3600, 1e9, 0.5],
    [240, 3600, 1e9, 1],
    [0, 3600, 1e9, 0],
  ];
  for (const [observations, endS, nowS, expected] of cases)
    assert.equal(
      coverage(observations, 0, endS * 1000, nowS * 1000, 30),
      expected,
      `${observations} ${nowS}`,
    );
});
