import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABSENT, addObservation, emptyAggregate } from '@humtemp/bucket-core';
import fc from 'fast-check';
import { meanKineticTemperature } from './mean-kinetic-temperature.js';

/** The definition, of every value by itself. */
function exact(values: readonly number[], activation: number): number {
  const slope = activation / 0.00831446261815324;
  // With the largest term taken out, which no rounding of the others can lose.
  const logs = values.map((value) => -slope / (value + 273.15));
  const top = Math.max(...logs);
  const sum = logs.reduce((total, log) => total + Math.exp(log - top), 0);
  return slope / -(top + Math.log(sum / values.length)) - 273.15;
}

function metricOf(values: readonly number[]) {
  const aggregate = emptyAggregate(true);
  for (const [i, value] of values.entries()) addObservation(aggregate, i, Math.round(value * 1000), ABSENT);
  return aggregate.temp;
}

test('a constant temperature is its own kinetic mean, and warm hours weigh more than cold ones', () => {
  const constant = meanKineticTemperature(metricOf([25, 25, 25]))!;
  assert.ok(Math.abs(constant.value - 25) < 1e-9 && constant.error < 1e-9);
  // 20 °C and 30 °C by halves, as textbooks have it: above the mean of 25.
  const { value, error } = meanKineticTemperature(metricOf([20, 30]))!;
  assert.ok(Math.abs(value - exact([20, 30], 83.144)) <= error + 1e-9);
  assert.ok(value > 26 && value < 26.5, `${value}`);
});

test('the exact one is within the error that is stated, which is at most a tenth of a degree', () => {
  const celsius = fc.integer({ min: -90_000, max: 190_000 }).map((value) => value / 1000);
  fc.assert(
    fc.property(
      fc.array(celsius, { minLength: 1, maxLength: 60 }),
      fc.double({ min: 20, max: 300, noNaN: true }),
      (values, activation) => {
        const { value, error } = meanKineticTemperature(metricOf(values), activation)!;
        assert.ok(Math.abs(value - exact(values, activation)) <= error + 1e-7, `${value} ± ${error}`);
        assert.ok(error <= 0.1 + 1e-7, `${error}`);
      },
    ),
  );
});

test('without values, or without a histogram, there is none', () => {
  assert.equal(meanKineticTemperature(metricOf([])), null);
  assert.equal(meanKineticTemperature(emptyAggregate().temp), null);
});
