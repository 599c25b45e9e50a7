import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketGrid } from '@humtemp/bucket-core';
import { durationText } from './parameters.js';
import { bucketRange, resolutionForSeries, resolutionForSummary } from './time-range.js';

const DAY_S = 86_400;
const grid = bucketGrid(0, { durationS: DAY_S, retention: 60 }, [
  { durationS: 300, retention: 288 },
  { durationS: 3600, retention: 168 },
]);
const hours = grid.resolutions[2]!;
const NOW_MS = Date.UTC(2026, 8, 22, 12, 7);
const at = (text: string) => Date.parse(text) / 1000;
const ago = (fromS: number, toS = 0) => ({ fromMs: NOW_MS - fromS * 1000, toMs: NOW_MS - toS * 1000 });

test('a range is widened to the borders of its buckets', () => {
  assert.deepEqual(bucketRange(ago(3600), hours, grid, NOW_MS), {
    startS: at('2026-09-22T11:00:00Z'),
    endS: at('2026-09-22T13:00:00Z'),
  });
  const exact = { fromMs: at('2026-09-22T09:00:00Z') * 1000, toMs: at('2026-09-22T11:00:00Z') * 1000 };
  assert.deepEqual(bucketRange(exact, hours, grid, NOW_MS), {
    startS: at('2026-09-22T09:00:00Z'),
    endS: at('2026-09-22T11:00:00Z'),
  });
});

test('a range is cut to what is kept and to the current bucket', () => {
  assert.deepEqual(bucketRange({ fromMs: -1e14, toMs: 2e14 }, hours, grid, NOW_MS), {
    // 168 hours, the current one included.
    startS: at('2026-09-22T12:00:00Z') - 167 * 3600,
    endS: at('2026-09-22T13:00:00Z'),
  });
  const past = bucketRange({ fromMs: 0, toMs: 1000 }, hours, grid, NOW_MS);
  assert.equal(past.startS, past.endS);
  const future = bucketRange({ fromMs: 2e14, toMs: 2.1e14 }, hours, grid, NOW_MS);
  assert.equal(future.startS, future.endS);
});

test('a series has the finest resolution that reaches back in few enough buckets', () => {
  const picked = (fromS: number, bucketsMax = 300) =>
    durationText(resolutionForSeries(ago(fromS), grid, NOW_MS, bucketsMax));
  assert.equal(picked(600), '5m');
  assert.equal(picked(DAY_S - 900), '5m');
  assert.equal(picked(DAY_S), '1h');
  assert.equal(picked(6 * DAY_S), '1h');
  assert.equal(picked(8 * DAY_S), '1d');
  // Nothing reaches back so far, or has so few: the best there is.
  assert.equal(picked(100 * DAY_S), '1d');
  assert.equal(picked(300, 1), '1h');
  assert.equal(picked(50 * DAY_S, 3), '1d');
});

test('a summary has the coarsest resolution that has borders at its ends, or else one with histograms', () => {
  const picked = (from: string, to: string) =>
    durationText(resolutionForSummary({ fromMs: Date.parse(from), toMs: Date.parse(to) }, grid, NOW_MS));
  assert.equal(picked('2026-09-20T00:00:00Z', '2026-09-22T00:00:00Z'), '1d');
  assert.equal(picked('2026-09-21T23:00:00Z', '2026-09-22T00:00:00Z'), '1h');
  assert.equal(picked('2026-09-22T09:05:00Z', '2026-09-22T11:00:00Z'), '5m');
  assert.equal(picked('2026-09-22T09:05:01Z', '2026-09-22T11:00:00Z'), '1h');
  assert.equal(picked('2026-09-22T10:05:01Z', '2026-09-22T11:05:00Z'), '5m');
  assert.equal(picked('2026-08-20T00:05:00Z', '2026-09-22T00:00:00Z'), '1d');
});

test('a duration is written in the largest unit of which it is a multiple', () => {
  const text = (durationS: number) => durationText({ durationS, retention: 1 });
  assert.deepEqual([90, 300, 3600, 5400, DAY_S, 7 * DAY_S].map(text), ['90s', '5m', '1h', '90m', '1d', '7d']);
});
