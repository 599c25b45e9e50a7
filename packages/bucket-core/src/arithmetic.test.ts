import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  ABSENT,
  type Aggregate,
  addObservation,
  bucketExpiryS,
  bucketGrid,
  bucketStartAtOffsetS,
  bucketStartS,
  defaultHorizonS,
  emptyAggregate,
  identityOf,
  identityOfReceipt,
  isLabId,
  LAB_ID_PATTERN,
  labPartition,
  labSummary,
  mergeAggregate,
  oldestLiveMs,
  packAggregate,
  parseAlignmentS,
  parseDurationS,
  parseRollups,
  unpackAggregate,
} from './index.js';

type Values = readonly [timestampMs: number, temp: number, humidity: number];

const values: fc.Arbitrary<Values> = fc.tuple(
  fc.integer({ min: 1_790_000_000_000, max: 1_790_000_100_000 }),
  fc.oneof(fc.integer({ min: -100_000, max: 200_000 }), fc.constant(ABSENT)),
  fc.integer({ min: 0, max: 100_000 }),
);

function aggregateOf(rows: readonly Values[], withHistograms = true): Aggregate {
  const aggregate = emptyAggregate(withHistograms);
  for (const row of rows) addObservation(aggregate, ...row);
  return aggregate;
}

describe('an aggregate', () => {
  test('does not depend on the order of observations or on how they were split', () => {
    fc.assert(
      fc.property(
        fc
          .array(values, { minLength: 1, maxLength: 40 })
          .chain((rows) =>
            fc.tuple(
              fc.constant(rows),
              fc.shuffledSubarray(rows, { minLength: rows.length }),
              fc.array(fc.nat(4), { minLength: rows.length, maxLength: rows.length }),
            ),
          ),
        ([rows, shuffled, places]) => {
          const parts = Array.from({ length: 5 }, (_, i) =>
            aggregateOf(shuffled.filter((_row, j) => places[j] === i)),
          );
          const merged = emptyAggregate(true);
          for (const part of parts) mergeAggregate(merged, part);
          assert.deepEqual(merged, aggregateOf(rows));
        },
      ),
    );
  });

  test('survives packing', () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1 }), fc.boolean(), (rows, withHistograms) => {
        const aggregate = aggregateOf(rows, withHistograms);
        assert.deepEqual(unpackAggregate(packAggregate(aggregate)), aggregate);
      }),
    );
  });

  test('of an unknown version is refused', () => {
    const bytes = packAggregate(aggregateOf([[0, 0, 0]]));
    bytes[0] = 3;
    assert.throws(() => unpackAggregate(bytes), /version/);
    const short = packAggregate(aggregateOf([[0, 0, 0]], false));
    short[0] = 2;
    assert.throws(() => unpackAggregate(short), /version/);
    assert.throws(() => unpackAggregate(Buffer.alloc(5)), /5 bytes/);
  });

  test('gives averages that are the correctly rounded quotients, and null where there is nothing', () => {
    const aggregate = aggregateOf(Array.from({ length: 10 }, (_, i) => [i, (i + 1) * 1000, (i + 11) * 1000]));
    assert.deepEqual(labSummary('lab01', aggregate), { lab_id: 'lab01', avg_temp: 5.5, avg_humidity: 15.5 });
    assert.equal(labSummary('x', aggregateOf([[0, ABSENT, 5]])).avg_temp, null);
  });
});

describe('a bucket', () => {
  const instants = fc.integer({ min: -4e12, max: 4e12 });
  const durations = fc.integer({ min: 1, max: 1e7 });
  const alignments = fc.integer({ min: -2e9, max: 2e9 });

  test('holds its time, is aligned, and is half-open', () => {
    fc.assert(
      fc.property(instants, durations, alignments, (timestampMs, durationS, alignmentS) => {
        const startS = bucketStartS(timestampMs, durationS, alignmentS);
        assert.ok(startS * 1000 <= timestampMs && timestampMs < (startS + durationS) * 1000);
        assert.equal(Math.abs((startS - alignmentS) % durationS), 0);
        assert.equal(bucketStartS(startS * 1000, durationS, alignmentS), startS);
        assert.equal(bucketStartS(startS * 1000 - 1, durationS, alignmentS), startS - durationS);
      }),
    );
  });

  test('is live exactly if it ends no earlier than the oldest live time says', () => {
    const resolutions = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 9 })),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    fc.assert(
      fc.property(instants, resolutions, alignments, fc.nat(20_000_000), (nowMs, some, alignmentS, agoMs) => {
        const grid = {
          alignmentS,
          resolutions: some.map(([durationS, retention]) => ({ durationS, retention })),
        };
        const timestampMs = nowMs - agoMs;
        const live = grid.resolutions.some((resolution) => {
          const startS = bucketStartS(timestampMs, resolution.durationS, alignmentS);
          return bucketExpiryS(startS, resolution) * 1000 > nowMs;
        });
        assert.equal(timestampMs >= oldestLiveMs(grid, nowMs), live);
      }),
      { numRuns: 1000 },
    );
  });

  test('is kept for its retention, the current bucket included', () => {
    const resolution = { durationS: 100, retention: 2 };
    assert.equal(bucketExpiryS(1000, resolution), 1200);
    const grid = bucketGrid(0, resolution, []);
    assert.equal(oldestLiveMs(grid, 1_199_999), 1_000_000);
    assert.equal(oldestLiveMs(grid, 1_200_000), 1_100_000);
    assert.equal(bucketStartAtOffsetS(1_234_000, -1, resolution, 0), 1100);
  });
});

describe('an identity', () => {
  test('is a safe integer that is equal iff time, values and sensor are equal', () => {
    const sensors = fc.constantFrom('', 'a', 'b', 'ab', 'ba', 'bme280-3');
    fc.assert(
      fc.property(values, values, sensors, sensors, (a, b, sensorA, sensorB) => {
        const one = identityOf(a[0], a[1], a[2], sensorA);
        assert.ok(Number.isSafeInteger(one) && one >= 0);
        assert.equal(one, identityOf(a[0], a[1], a[2], sensorA));
        const same = sensorA === sensorB && a.every((value, i) => value === b[i]);
        const sameHour = Math.floor(a[0] / 3_600_000) === Math.floor(b[0] / 3_600_000);
        if (sameHour) assert.equal(one === identityOf(b[0], b[1], b[2], sensorB), same);
      }),
      { numRuns: 2000 },
    );
  });

  test('has no collision among a million neighbouring values of one second', () => {
    const seen = new Set<number>();
    for (let temp = 20_000; temp < 21_000; temp++)
      for (let humidity = 50_000; humidity < 51_000; humidity++)
        seen.add(identityOf(1_790_000_000_123, temp, humidity, ''));
    assert.equal(seen.size, 1_000_000);
  });

  test('of a receipt is another for each receipt and process', () => {
    const seen = new Set<number>();
    for (let process = 0; process < 10; process++)
      for (let serial = 0; serial < 10_000; serial++)
        seen.add(identityOfReceipt(1_790_000_000_000, process, serial));
    assert.equal(seen.size, 100_000);
  });
});

describe('a lab id', () => {
  test('is 1 to 50 harmless characters', () => {
    for (const good of ['a', 'floor-2/room-7', '.', '..', '/', '//', 'A_z.9-', 'x'.repeat(50), '__proto__'])
      assert.equal(isLabId(good), true, good);
    const bad = [
      '',
      'x'.repeat(51),
      '+',
      '#',
      '$SYS',
      '{a}',
      '}{',
      '*',
      '?',
      '[',
      ':',
      'a\r\nb',
      'a\n',
      '\u202e',
      '🌡',
      ' ',
      'ü',
    ];
    for (const id of bad) assert.equal(isLabId(id), false, JSON.stringify(id));
    assert.ok(LAB_ID_PATTERN.startsWith('^'));
  });

  test('always falls into one of the partitions', () => {
    fc.assert(
      fc.property(fc.string(), (lab) => {
        const partition = labPartition(lab);
        assert.ok(partition >= 0 && partition < 16);
      }),
    );
    // Part of the key layout: a change would orphan what is stored.
    assert.deepEqual(['lab01', 'library-20', 'floor-2/room-7'].map(labPartition), [7, 13, 12]);
  });
});

describe('configuration of buckets', () => {
  test('durations and rollups are read, or what was expected is said', () => {
    assert.deepEqual(
      ['90', '90s', '5m', '2h', '7d', '1w'].map(parseDurationS),
      [90, 90, 300, 7200, 604_800, 604_800],
    );
    for (const bad of ['', '0', '-1', '1.5h', '5 m', '5x', '1e3'])
      assert.throws(() => parseDurationS(bad), RangeError);
    assert.deepEqual(parseRollups('5m:1d, 1h:7d'), [
      { durationS: 300, retention: 288 },
      { durationS: 3600, retention: 168 },
    ]);
    assert.deepEqual(parseRollups(' '), []);
    for (const bad of ['5m', '5m:1d:2', '7m:1d', ',', '5m:1d,'])
      assert.throws(() => parseRollups(bad), RangeError);
  });

  test('the alignment is a time with a zone', () => {
    assert.equal(parseAlignmentS('1970-01-01T00:00:00+00:00'), 0);
    assert.equal(parseAlignmentS('1970-01-01T02:00:00+01:00'), 3600);
    for (const bad of ['1970-01-01', '1970-01-01T00:00:00', 'x', '1970-01-01T00:00:00.5Z'])
      assert.throws(() => parseAlignmentS(bad), RangeError);
  });

  test('two resolutions never share a duration', () => {
    assert.throws(() => bucketGrid(0, { durationS: 300, retention: 2 }, parseRollups('5m:1d')), RangeError);
    assert.equal(
      defaultHorizonS(bucketGrid(0, { durationS: 86_400, retention: 2 }, parseRollups('1h:7d'))),
      172_800,
    );
    assert.equal(defaultHorizonS(bucketGrid(0, { durationS: 60, retention: 5 }, [])), 300);
  });
});
