import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addObservation, emptyAggregate, SQUARES_REFERENCE } from '@humtemp/bucket-core';
import fc from 'fast-check';
import { standardDeviation } from './standard-deviation.js';

function ofTemps(values: readonly number[]): number {
  const aggregate = emptyAggregate();
  for (const value of values) addObservation(aggregate, 0, value, 50_000);
  return standardDeviation(aggregate.temp, SQUARES_REFERENCE.temp);
}

/** Σ over all pairs of (v − w)² = 2 n² σ²: no mean, so nothing to round before the end. */
function byPairs(values: readonly number[]): number {
  let sum = 0n;
  for (const v of values) for (const w of values) sum += BigInt(v - w) ** 2n;
  return Math.sqrt(Number(sum / 2n)) / (values.length * 1000);
}

test('it is the one of the values, to the last digits', () => {
  assert.equal(ofTemps([20_000, 22_000]), 1);
  assert.equal(ofTemps([2000, 4000, 4000, 4000, 5000, 5000, 7000, 9000]), 2);
  const value = fc.integer({ min: -100_000, max: 200_000 });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), (values) => {
      const expected = byPairs(values);
      assert.ok(Math.abs(ofTemps(values) - expected) <= 1e-15 * expected);
    }),
  );
});

test('equal values have none, however far from the reference and however many', () => {
  for (const value of [-100_000, 199_999, 20_001])
    assert.equal(ofTemps(Array.from({ length: 1000 }, () => value)), 0);
});

test('a thousandth among values far from the reference is not lost', () => {
  const values = Array.from({ length: 10_000 }, (_, i) => (i === 0 ? 150_001 : 150_000));
  // σ² of one among n is (n − 1) / n².
  assert.ok(Math.abs(ofTemps(values) / (Math.sqrt(9999) / 10_000 / 1000) - 1) < 1e-15);
});
