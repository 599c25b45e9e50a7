import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rfc3339Time } from './rfc3339-time.js';

test('a time is written as Date writes it', () => {
  const timesMs = fc.oneof(
    fc.integer({ min: 1_700_000_000_000, max: 1_700_000_900_000 }),
    fc.double({ min: -8.64e15 + 60_000, max: 8.64e15, noNaN: true }),
    fc.constantFrom(0, -1, 59_999, 60_000, -60_000, -62_167_219_200_000, 253_402_300_799_999),
  );
  fc.assert(
    fc.property(fc.array(timesMs, { maxLength: 20 }), (times) => {
      for (const ms of times) assert.equal(rfc3339Time(ms), new Date(ms).toISOString());
    }),
    { numRuns: 500 },
  );
  for (const ms of [Number.NaN, Infinity, 8.64e15 + 60_000]) assert.throws(() => rfc3339Time(ms), RangeError);
});
