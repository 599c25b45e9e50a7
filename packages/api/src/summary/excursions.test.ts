import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABSENT, addObservation, emptyAggregate } from '@humtemp/bucket-core';
import { type ExcursionSpan, excursionsOf } from './excursions.js';

function bucket(startS: number, temps: readonly number[], withHistogram = true): ExcursionSpan {
  const aggregate = emptyAggregate(withHistogram);
  for (const [i, temp] of temps.entries()) addObservation(aggregate, startS * 1000 + i, temp * 1000, ABSENT);
  return { startS, endS: startS + 3600, aggregate };
}

const LIMITS = { min: 2000, max: 8000 };
const found = (buckets: readonly ExcursionSpan[]) =>
  excursionsOf(buckets, 'temp', LIMITS).map(({ side, startS, endS, peak, share }) => [
    side,
    startS / 3600,
    endS / 3600,
    peak / 1000,
    share,
  ]);

test('an excursion is a run of buckets beyond a limit, with its peak', () => {
  const hours = [[5, 5], [5, 9], [10, 12], [8, 8], [9], [], [9], [1, 5], [9, 1]];
  const buckets = hours.flatMap((temps, hour) => (temps.length === 0 ? [] : [bucket(hour * 3600, temps)]));
  assert.deepEqual(found(buckets), [
    ['above', 1, 3, 12, 0.75],
    ['above', 4, 5, 9, 1],
    ['above', 6, 7, 9, 1],
    ['below', 7, 9, 1, 0.5],
    ['above', 8, 9, 9, 0.5],
  ]);
});

test('values at the limits are within, and without a histogram the share is not known', () => {
  assert.deepEqual(found([bucket(0, [2, 8])]), []);
  assert.deepEqual(found([bucket(0, [9, 5], false)]), [['above', 0, 1, 9, null]]);
  assert.deepEqual(found([bucket(0, [9, 10], false)]), [['above', 0, 1, 10, 1]]);
  assert.deepEqual(excursionsOf([bucket(0, [99])], 'humidity', LIMITS), []);
});
