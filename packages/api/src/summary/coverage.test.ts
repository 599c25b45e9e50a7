import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABSENT, addObservation, emptyAggregate } from '@humtemp/bucket-core';
import { bucketCoverage, CoveredIntervals, coverage } from './coverage.js';

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

test('two metrics in publishes of their own are not twice as much of either', () => {
  const aggregate = emptyAggregate();
  for (let i = 0; i < 60; i++) {
    addObservation(aggregate, i * 30_000, 20_000, ABSENT);
    addObservation(aggregate, i * 30_000 + 1, ABSENT, 50_000);
  }
  const expected = { temp: 0.5, humidity: 0.5, any: 0.5 };
  assert.deepEqual(bucketCoverage(aggregate, 0, 3_600_000, 1e12, 30), expected);
});

test('several sensors that fall silent, or begin late, do not cover the silence within a bucket', () => {
  for (const fromS of [0, 1800]) {
    const aggregate = emptyAggregate();
    for (let i = 0; i < 60; i++)
      for (const sensor of [0, 1, 2])
        addObservation(aggregate, (fromS + i * 30) * 1000 + sensor, 20_000, 50_000);
    // Two milliseconds between the sensors reach into one interval more.
    const share = 61 / 120;
    const expected = { temp: share, humidity: share, any: share };
    assert.deepEqual(bucketCoverage(aggregate, 0, 3_600_000, 1e12, 30), expected);
    const covered = new CoveredIntervals(1e12, 30);
    covered.add(aggregate, 0, 3600);
    assert.deepEqual(covered.of(0, 3600), expected);
  }
});

test('of several sensors of a metric that falls silent the others do not hide it', () => {
  const aggregate = emptyAggregate();
  for (let i = 0; i < 120; i++)
    for (const sensor of [0, 1])
      addObservation(aggregate, i * 30_000 + sensor, i < 60 ? 20_000 : ABSENT, 50_000);
  assert.deepEqual(bucketCoverage(aggregate, 0, 3_600_000, 1e12, 30), {
    temp: 61 / 120,
    humidity: 1,
    any: 1,
  });
});

test('what one bucket has more than expected does not make up for what another lacks', () => {
  const covered = new CoveredIntervals(1e12, 30);
  const busy = emptyAggregate();
  for (let i = 0; i < 240; i++) addObservation(busy, i * 15_000, 20_000, ABSENT);
  covered.add(busy, 0, 3600);
  assert.deepEqual(covered.of(0, 7200), { temp: 0.5, humidity: 0, any: 0.5 });
});
