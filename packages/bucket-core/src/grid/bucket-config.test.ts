import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bucketGrid, defaultHorizonS, parseAlignmentS, parseDurationS, parseRollups } from '../index.js';

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
