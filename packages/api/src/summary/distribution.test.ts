import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABSENT, addObservation, emptyAggregate } from '@humtemp/bucket-core';
import { shareWithinLimits } from './distribution.js';

function temperatures(values: readonly number[], withHistogram = true) {
  const aggregate = emptyAggregate(withHistogram);
  for (const [i, value] of values.entries()) addObservation(aggregate, i, Math.round(value * 1000), ABSENT);
  return aggregate.temp;
}

const share = (values: readonly number[], min: number, max: number) =>
  shareWithinLimits(temperatures(values), 'temp', { min: min * 1000, max: max * 1000 });

test('both limits are within', () => {
  assert.equal(share([24.9, 25, 25, 25, 20], 20, 25), 1);
  assert.equal(share([25.1, 25, 25, 24.9, 20], 20, 25), 0.8);
  assert.equal(share([19.9, 20, 25, 25.1], 20, 25), 0.5);
  assert.equal(share([26, 27], 20, 25), 0);
});

test('a sensor of hundredths is told from one of tenths', () => {
  // In the bin of 25.0 are one of ten hundredths that are within.
  const hundredths = [25, 25.03, 25.07, 25.05, 24];
  assert.ok(Math.abs(share(hundredths, 20, 25)! - (1 + 4 * 0.1) / 5) < 1e-12);
});

test('where no histogram is kept, all or none is still known', () => {
  const of = (values: readonly number[]) =>
    shareWithinLimits(temperatures(values, false), 'temp', { min: 20_000, max: 25_000 });
  assert.deepEqual([of([20, 25]), of([26]), of([19, 21])], [1, 0, null]);
});
