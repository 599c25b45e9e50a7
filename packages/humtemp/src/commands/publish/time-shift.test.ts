import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CsvRow } from './csv-rows.js';
import { payloadOf, shiftToS } from './time-shift.js';

const ROW: CsvRow = {
  line: 2,
  lab: 'a',
  timestampMs: 1163438041000,
  timestamp: '1163438041',
  temp: '22.30',
  humidity: '51.53',
};

test('the shift is whole seconds and takes the newest to the target, never beyond it', () => {
  assert.equal(shiftToS(1000_000, 5000_000), 4000);
  assert.equal(shiftToS(5000_000, 1000_000), -4000);
  assert.equal(shiftToS(1000_250, 5000_999), 4000);
  assert.equal(shiftToS(1000_750, 5000_250), 3999);
});

test('a payload has the numbers of the file', () => {
  assert.equal(payloadOf(ROW, 0), '{"timestamp":1163438041,"temp":22.30,"humidity":51.53}');
  assert.equal(payloadOf(ROW, 100), '{"timestamp":1163438141,"temp":22.30,"humidity":51.53}');
  assert.equal(payloadOf({ ...ROW, temp: undefined }, 0), '{"timestamp":1163438041,"humidity":51.53}');
});

test('a shifted fraction or RFC 3339 time becomes exact Unix seconds', () => {
  assert.match(
    payloadOf({ ...ROW, timestampMs: 1163438041250, timestamp: '1163438041.250' }, 1),
    /:1163438042.25,/,
  );
  assert.match(payloadOf({ ...ROW, timestamp: '"2006-11-13T17:14:01Z"' }, -41), /:1163438000,/);
  assert.match(payloadOf({ ...ROW, timestamp: '"2006-11-13T17:14:01Z"' }, 0), /:"2006-11-13T17:14:01Z",/);
});
