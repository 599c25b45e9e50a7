import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ABSENT, identityOf, RECEIPT_TAG_MIN, receiptTag, sensorTag } from '../index.js';

type Values = readonly [timestampMs: number, temp: number, humidity: number];

const values: fc.Arbitrary<Values> = fc.tuple(
  fc.integer({ min: 1_790_000_000_000, max: 1_790_000_100_000 }),
  fc.oneof(fc.integer({ min: -100_000, max: 200_000 }), fc.constant(ABSENT)),
  fc.integer({ min: 0, max: 100_000 }),
);
describe('an identity', () => {
  test('is a safe integer that is equal iff time, values and sensor are equal', () => {
    const sensors = fc.constantFrom('', 'a', 'b', 'ab', 'ba', 'bme280-3');
    fc.assert(
      fc.property(values, values, sensors, sensors, (a, b, sensorA, sensorB) => {
        const one = identityOf(a[0], a[1], a[2], sensorTag(sensorA));
        assert.ok(Number.isSafeInteger(one) && one >= 0);
        assert.equal(one, identityOf(a[0], a[1], a[2], sensorTag(sensorA)));
        const same = sensorA === sensorB && a.every((value, i) => value === b[i]);
        const sameHour = Math.floor(a[0] / 3_600_000) === Math.floor(b[0] / 3_600_000);
        if (sameHour) assert.equal(one === identityOf(b[0], b[1], b[2], sensorTag(sensorB)), same);
      }),
      { numRuns: 2000 },
    );
  });

  test('has no collision among a million neighbouring values of one second', () => {
    const seen = new Set<number>();
    for (let temp = 20_000; temp < 21_000; temp++)
      for (let humidity = 50_000; humidity < 51_000; humidity++)
        seen.add(identityOf(1_790_000_000_123, temp, humidity, 0));
    assert.equal(seen.size, 1_000_000);
  });

  test('of a receipt is another for each receipt and process', () => {
    const seen = new Set<number>();
    for (let process = 0; process < 10; process++)
      for (let serial = 0; serial < 10_000; serial++) {
        const tag = receiptTag(process, serial);
        assert.ok(tag >= RECEIPT_TAG_MIN && tag < 2 ** 40);
        seen.add(identityOf(1_790_000_000_000, 20_000, 50_000, tag));
      }
    assert.equal(seen.size, 100_000);
  });

  test('a sensor has a tag of its own, and no sensor the tag 0', () => {
    assert.equal(sensorTag(''), 0);
    const tags = new Set(Array.from({ length: 100_000 }, (_, i) => sensorTag(`sensor-${i}`)));
    assert.equal(tags.size, 100_000);
    for (const tag of tags) assert.ok(tag > 0 && tag < RECEIPT_TAG_MIN);
  });
});

test('identities that are stored stay what they are', () => {
  assert.equal(identityOf(1_796_030_458_123, 21_500, 45_000, 0), 2_767_918_972_191_281);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (timestampMs) => {
      const identity = identityOf(timestampMs, 21_500, 45_000, 0);
      const second = Math.floor(timestampMs / 1000) % 3600;
      assert.equal(Math.floor(identity / 2 ** 41), second);
      // Of the millisecond, nothing else of the time is in the hash.
      const hash = identity - second * 2 ** 41;
      const sameMs = identityOf(timestampMs % 1000, 21_500, 45_000, 0);
      assert.equal(hash, sameMs);
    }),
  );
});
