import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ABSENT,
  addObservation,
  emptyAggregate,
  HISTOGRAM_BIN,
  mergeAggregate,
  quantile,
  shareWithin,
} from '../index.js';

const temps = fc.array(fc.integer({ min: -100_000, max: 200_000 }), { minLength: 1, maxLength: 60 });
const WIDTH = HISTOGRAM_BIN.temp;

function metricOf(values: readonly number[]) {
  const aggregate = emptyAggregate(true);
  for (const value of values) addObservation(aggregate, 0, value, ABSENT);
  return aggregate.temp;
}

test('a quantile is within a bin of the nearest-rank one, and within what was measured', () => {
  fc.assert(
    fc.property(temps, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
      const sorted = [...values].sort((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
      const found = quantile(metricOf(values), WIDTH, q)!;
      assert.ok(Math.abs(found - exact) <= WIDTH, `${found} for ${exact}`);
      assert.ok(found >= sorted[0]! && found <= sorted.at(-1)!);
    }),
  );
});

test('a share between borders of bins is exact', () => {
  fc.assert(
    fc.property(temps, fc.integer({ min: -1001, max: 2001 }), fc.nat(500), (values, bin, bins) => {
      const [from, to] = [bin * WIDTH, (bin + bins) * WIDTH];
      const within = values.filter((value) => value >= from && value < to).length;
      assert.equal(shareWithin(metricOf(values), WIDTH, from, to), within / values.length);
    }),
  );
});

test('a share between any limits is wrong by no more than the values of two bins', () => {
  fc.assert(
    fc.property(temps, fc.integer({ min: -100_000, max: 200_000 }), fc.nat(50_000), (values, from, span) => {
      const to = from + span;
      const within = values.filter((value) => value >= from && value < to).length;
      const near = values.filter((value) =>
        [from, to].some((limit) => Math.floor(value / WIDTH) === Math.floor(limit / WIDTH)),
      ).length;
      const found = shareWithin(metricOf(values), WIDTH, from, to)!;
      assert.ok(Math.abs(found * values.length - within) <= near + 1e-9);
    }),
  );
});

test('where there is nothing there is no quantile and no share', () => {
  assert.equal(quantile(metricOf([]), WIDTH, 0.5), undefined);
  assert.equal(shareWithin(metricOf([]), WIDTH, 0, 1), undefined);
  const without = emptyAggregate();
  addObservation(without, 0, 20_000, ABSENT);
  assert.equal(quantile(without.temp, WIDTH, 0.5), undefined);
});

test('merging with what kept no histogram gives none', () => {
  const sum = emptyAggregate(true);
  mergeAggregate(sum, emptyAggregate());
  assert.deepEqual(sum.temp.histogram, { firstBin: 0, counts: [] });
  const without = emptyAggregate();
  addObservation(without, 0, 20_000, ABSENT);
  mergeAggregate(sum, without);
  assert.equal(sum.temp.histogram, undefined);
});
