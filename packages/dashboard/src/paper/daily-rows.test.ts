import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bucket } from '../lab/series.js';
import { dailyRows } from './daily-rows.js';

const hour = (iso: string, count: number, avg: number, in_range?: number): Bucket =>
  ({
    start: iso,
    coverage: 1,
    temp: { count, avg, min: avg - 1, max: avg + 1, ...(in_range === undefined ? {} : { in_range }) },
    humidity: null,
  }) as unknown as Bucket;

test('hours make the days of a time zone, and every observation weighs the same', () => {
  const rows = dailyRows(
    [
      hour('2026-09-21T21:00:00Z', 1, 10, 0),
      hour('2026-09-21T22:00:00Z', 3, 20, 1),
      hour('2026-09-22T10:00:00Z', 1, 24, 0),
    ],
    'Europe/Berlin',
  );
  assert.deepEqual(
    rows.map(({ startMs, temp }) => [new Date(startMs).toISOString(), temp]),
    [
      ['2026-09-20T22:00:00.000Z', { min: 9, avg: 10, max: 11, inRange: 0 }],
      ['2026-09-21T22:00:00.000Z', { min: 19, avg: 21, max: 25, inRange: 0.75 }],
    ],
  );
  assert.equal(rows[0]!.humidity, undefined);
  assert.equal(dailyRows([hour('2026-09-21T21:00:00Z', 1, 10)], 'UTC')[0]!.temp?.inRange, undefined);
});
