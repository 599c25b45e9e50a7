import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeRecord, encodeRecord } from './journal-record.js';

const row = fc.tuple(fc.integer(), fc.maxSafeNat(), fc.integer(), fc.integer());
const rows = fc.array(row, { minLength: 1, maxLength: 20 }).map((many) => many.flat());
const lab = fc.stringMatching(/^[\w/.-]{1,50}$/);

test('a record says what it was made of', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.dictionary(lab, rows, { maxKeys: 10 }), (nowMs, labs) => {
      const rowsByLab = new Map(Object.entries(labs));
      // The database hands it out at any address.
      const bytes = Buffer.concat([Buffer.alloc(3), encodeRecord({ nowMs, rowsByLab })]).subarray(3);
      if (rowsByLab.size > 0) assert.deepEqual(decodeRecord(bytes), { nowMs, rowsByLab });
    }),
  );
});

test('what is no record is refused', () => {
  assert.throws(() => decodeRecord(Buffer.alloc(64)), /not a journal record/);
});
