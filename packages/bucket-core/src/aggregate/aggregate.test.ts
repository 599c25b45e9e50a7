import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  ABSENT,
  type Aggregate,
  addObservation,
  emptyAggregate,
  mergeAggregate,
  packAggregate,
  unpackAggregate,
} from '../index.js';

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
});
