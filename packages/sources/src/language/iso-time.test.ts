import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339ToMs } from '@humtemp/bucket-core';
import fc from 'fast-check';
import { isoToMs } from './iso-time.js';

const digits = (count: number, max: number) =>
  fc
    .oneof({ weight: 9, arbitrary: fc.nat(max) }, { weight: 1, arbitrary: fc.nat(99) })
    .map((n) => String(n).padStart(count, '0'));
const time = fc
  .tuple(
    fc.integer({ min: 1965, max: 2110 }).map(String),
    digits(2, 12),
    digits(2, 31),
    fc.constantFrom('T', ' ', 't', 'x'),
    digits(2, 23),
    digits(2, 59),
    digits(2, 60),
    fc.option(fc.stringMatching(/^\.\d{0,11}$/), { nil: '' }),
    fc.constantFrom('Z', '', 'z', '+01:00', '-08:30', '+0100', '+24:00', '+00:60', 'Z '),
  )
  .map(([y, mo, d, t, h, mi, s, f, z]) => `${y}-${mo}-${d}${t}${h}:${mi}:${s}${f}${z}`);

test('what the quick way reads of a time, the general way reads alike', () => {
  let read = 0;
  fc.assert(
    fc.property(time, (text) => {
      const ms = isoToMs(text);
      if (Number.isNaN(ms)) return;
      read += 1;
      assert.equal(ms, rfc3339ToMs(text), text);
    }),
    { numRuns: 1000 },
  );
  assert.ok(read > 10, `${read} times were read the quick way`);
});
