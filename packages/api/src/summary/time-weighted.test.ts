import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABSENT, type Aggregate, addObservation, emptyAggregate, type LabBucket } from '@humtemp/bucket-core';
import fc from 'fast-check';
import { timeWeighted } from './time-weighted.js';

const BUCKET_S = 300;
const HOLD_MS = 3_600_000;

interface Reading {
  readonly ms: number;
  readonly temp?: number;
  readonly humidity?: number;
}

function bucketsOf(readings: readonly Reading[]): LabBucket[] {
  const byStart = new Map<number, Aggregate>();
  for (const { ms, temp = ABSENT, humidity = ABSENT } of readings) {
    const startS = Math.floor(ms / 1000 / BUCKET_S) * BUCKET_S;
    const aggregate = byStart.get(startS) ?? emptyAggregate();
    byStart.set(startS, aggregate);
    addObservation(aggregate, ms, temp, humidity);
  }
  return [...byStart]
    .sort(([a], [b]) => a - b)
    .map(([startS, aggregate]) => ({ lab: 'a', startS, aggregate }));
}

/** The definition: each value holds until the next one, or for holdMs. */
function exact(readings: readonly Reading[], startMs: number, endMs: number, holdMs = HOLD_MS) {
  const values = readings.filter(({ temp }) => temp !== undefined).sort((a, b) => a.ms - b.ms);
  let [total, weight] = [0, 0];
  for (const [i, { ms, temp }] of values.entries()) {
    const until = Math.min(values[i + 1]?.ms ?? Number.POSITIVE_INFINITY, ms + holdMs, endMs);
    const length = until - Math.max(ms, startMs);
    if (length <= 0) continue;
    total += temp! * length;
    weight += length;
  }
  return weight === 0 ? null : { avg: total / weight, covered: weight / (endMs - startMs) };
}

test('a door that was open for ten minutes weighs ten minutes, however often it was measured then', () => {
  const day = Array.from({ length: 24 }, (_, hour): Reading => ({ ms: hour * HOLD_MS, temp: -20_000 }));
  const noon = 12 * HOLD_MS;
  const open = Array.from(
    { length: 40 },
    (_, i): Reading => ({
      ms: noon + (i + 1) * 15_000,
      temp: -20_000 + (i + 1) * 250,
    }),
  );
  const readings = [...day, ...open, { ms: noon + 615_000, temp: -20_000 }];
  const arithmetic = readings.reduce((total, { temp }) => total + temp!, 0) / readings.length;
  assert.equal(Math.round(arithmetic / 10) / 100, -16.85);
  const range = { startMs: 0, endMs: 24 * HOLD_MS, durationS: BUCKET_S, holdMs: HOLD_MS };
  const { avg, error, covered } = timeWeighted(bucketsOf(readings), 'temp', range)!;
  assert.equal(Math.round(avg / 10) / 100, -19.96);
  assert.ok(Math.abs(avg - exact(readings, 0, range.endMs)!.avg) < 1e-6);
  assert.equal(covered, 1);
  assert.ok(error > 0 && error < 60, `${error}`);
});

test('the exact average is within the error that is stated, also of a metric that some observations lack', () => {
  const reading = fc.record(
    {
      ms: fc.integer({ min: 0, max: 6 * HOLD_MS }),
      temp: fc.integer({ min: -90_000, max: 60_000 }),
      humidity: fc.constant(50_000),
    },
    { requiredKeys: ['ms', 'humidity'] },
  );
  const burst = fc.record(
    {
      ms: fc.integer({ min: 2 * HOLD_MS, max: 2 * HOLD_MS + 900_000 }),
      temp: fc.integer({ min: -90_000, max: 60_000 }),
      humidity: fc.constant(50_000),
    },
    { requiredKeys: ['ms', 'humidity'] },
  );
  const holdMs = fc.constantFrom(HOLD_MS, 400_000);
  const readings = fc.uniqueArray(fc.oneof(reading, burst), { maxLength: 50, selector: ({ ms }) => ms });
  let strict = 0;
  fc.assert(
    fc.property(readings, holdMs, (readings, holdMs) => {
      const [startMs, endMs] = [HOLD_MS, 5 * HOLD_MS];
      const range = { startMs, endMs, durationS: BUCKET_S, holdMs };
      const found = timeWeighted(bucketsOf(readings), 'temp', range);
      const expected = exact(readings, startMs, endMs, holdMs);
      if (readings.every(({ temp }) => temp !== undefined))
        assert.ok(Math.abs((found?.covered ?? 0) - (expected?.covered ?? 0)) < 1e-9);
      assert.ok((found?.covered ?? 0) >= (expected?.covered ?? 0) - 1e-9);
      if (expected === null) return;
      assert.ok(Math.abs(found!.avg - expected.avg) <= found!.error + 1e-6, `${found!.avg} ${expected.avg}`);
      strict += 1;
    }),
    { numRuns: 1000 },
  );
  assert.ok(strict > 500);
});

test('a value holds for no longer than it may', () => {
  const readings = [{ ms: 0, temp: 20_000 }];
  const range = { startMs: 0, endMs: 4 * HOLD_MS, durationS: BUCKET_S, holdMs: HOLD_MS };
  assert.deepEqual(timeWeighted(bucketsOf(readings), 'temp', range), {
    avg: 20_000,
    error: 0,
    covered: 0.25,
  });
  assert.equal(timeWeighted(bucketsOf(readings), 'humidity', range), null);
});
