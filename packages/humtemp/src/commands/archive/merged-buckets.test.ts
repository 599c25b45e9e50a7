import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ABSENT,
  addObservation,
  type BucketGrid,
  bucketGrid,
  bucketStartS,
  emptyAggregate,
  keepsHistograms,
  parseRollups,
  type StoredBucket,
} from '@humtemp/bucket-core';
import fc from 'fast-check';
import { bucketLine, headerLine, headerOf, lineOf } from './export-format.js';
import { MergedBuckets, mergesInto } from './merged-buckets.js';

const NOW_MS = Date.UTC(2026, 10, 28, 12, 34);
const FILE = bucketGrid(0, { durationS: 3600, retention: 48 }, parseRollups('5m:1d'));
const STORE = bucketGrid(0, { durationS: 86_400, retention: 3 }, parseRollups('15m:2d,2h:2d,1h:2d'));

type Row = readonly [lab: string, agoMs: number, temp: number, humidity: number];
const value = fc.oneof(fc.integer({ min: -20_000, max: 60_000 }), fc.constant(ABSENT));
const rows = fc.array(
  fc.tuple(
    fc.constantFrom('a', 'b'),
    fc.integer({ min: 0, max: 40 * 3_600_000 }),
    value,
    fc.nat({ max: 100_000 }),
  ),
  { maxLength: 60 },
);

/** The buckets of observations at one resolution, by lab and time. */
function bucketsOf(observed: readonly Row[], durationS: number): StoredBucket[] {
  const found = new Map<string, StoredBucket>();
  for (const [lab, agoMs, temp, humidity] of observed) {
    const startS = bucketStartS(NOW_MS - agoMs, durationS, 0);
    const key = `${lab} ${startS}`;
    const bucket = found.get(key) ?? {
      lab,
      durationS,
      startS,
      aggregate: emptyAggregate(keepsHistograms(durationS)),
    };
    found.set(key, bucket);
    addObservation(bucket.aggregate, NOW_MS - agoMs, temp, humidity);
  }
  return [...found.values()].sort((x, y) => (x.lab < y.lab ? -1 : x.lab > y.lab ? 1 : x.startS - y.startS));
}

/** As a file has them: lab by lab, of each one resolution after the other. */
function inFileOrder(observed: readonly Row[], grid: BucketGrid): StoredBucket[] {
  return ['a', 'b'].flatMap((lab) =>
    grid.resolutions.flatMap(({ durationS, retention }) =>
      bucketsOf(
        observed.filter((row) => row[0] === lab),
        durationS,
      ).filter(({ startS }) => (startS + retention * durationS) * 1000 > NOW_MS),
    ),
  );
}

test('a merged bucket is what its observations make, and one of which a part has expired is left out', () => {
  const header = headerOf(headerLine(FILE, NOW_MS));
  const merges = mergesInto(STORE, header);
  assert.deepEqual(
    merges.map(({ from, intoS }) => [from.durationS, intoS]),
    [
      [3600, 86_400],
      [300, 900],
      [3600, 7200],
    ],
  );
  fc.assert(
    fc.property(rows, (all) => {
      const observed = all.filter(([, , temp, humidity]) => temp !== ABSENT || humidity !== ABSENT);
      const merged = new MergedBuckets(merges, 0, NOW_MS);
      const done = [...inFileOrder(observed, FILE).flatMap((one) => merged.add(one)), ...merged.rest()];
      for (const { from, intoS } of merges) {
        const found = done.filter((one) => one.durationS === intoS);
        const expected = bucketsOf(observed, intoS).filter(
          ({ startS }) => (startS + from.durationS * from.retention) * 1000 > NOW_MS,
        );
        assert.deepEqual(found, expected);
      }
    }),
    { numRuns: 300 },
  );
});

test('a line of an export leads back to the bucket that it is of', () => {
  const header = headerOf(headerLine(FILE, NOW_MS));
  fc.assert(
    fc.property(rows, (all) => {
      const observed = all.filter(([, , temp, humidity]) => temp !== ABSENT || humidity !== ABSENT);
      for (const bucket of inFileOrder(observed, FILE))
        assert.deepEqual(lineOf(bucketLine(bucket), header), bucket);
    }),
    { numRuns: 200 },
  );
  const [bucket] = bucketsOf([['a', 0, ABSENT, 50_000]], 3600);
  const { bins: _, ...humidity } = JSON.parse(bucketLine(bucket!)).humidity;
  const without = lineOf(JSON.stringify({ ...JSON.parse(bucketLine(bucket!)), humidity }), header);
  // A store keeps the histograms of both metrics, or none.
  assert.ok('aggregate' in without && without.aggregate.temp.histogram === undefined);
});
