import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bucket } from '../lab/series.js';
import { chartData, valueRange } from './chart-data.js';
import { histogramOf } from './histogram.js';

function hour(i: number, avg: number | null, complete = true): Bucket {
  const [start, end] = [i, i + 1].map((h) => new Date(h * 3_600_000).toISOString());
  const temp = avg === null ? null : { avg, min: avg - 1, max: avg + 1 };
  const last = new Date((i + 0.5) * 3_600_000).toISOString();
  return { start, end, complete, last, temp, humidity: null } as unknown as Bucket;
}

test('all time that has values is in the bars, and none other', () => {
  const buckets = [20, 20.05, 21.4, null, 20.1].map((avg, i) => hour(i, avg));
  const bars = histogramOf(buckets, 'temp');
  assert.equal(
    bars.reduce((sum, { hours }) => sum + hours, 0),
    4,
  );
  assert.deepEqual(
    bars.filter(({ hours }) => hours > 0).map(({ from, hours }) => [Number(from.toFixed(1)), hours]),
    [
      [20, 2],
      [20.1, 1],
      [21.4, 1],
    ],
  );
  assert.equal(bars.length, 15);
  assert.deepEqual(histogramOf(buckets, 'humidity'), []);
});

test('a gap stays a gap, and a bucket that is not over ends where it was last heard', () => {
  const [xs, min, , avg] = chartData([hour(0, 20), hour(1, null), hour(2, 22, false)], 'temp', (v) => v);
  assert.deepEqual(xs, [0, 3600, 7200, 9000]);
  assert.deepEqual(avg, [20, null, 22, 22]);
  assert.deepEqual(min, [19, null, 21, 21]);
});

test('a chart shows a limit that is near, leaves out one that is far, and never blows noise up', () => {
  const [low, high] = valueRange(21, 22, 2, { max: 23, min: 5 });
  assert.ok(low > 15 && low < 21 && high > 23 && high < 24);
  const [calmLow, calmHigh] = valueRange(21, 21.1, 2, {});
  assert.ok(calmHigh - calmLow >= 2);
});
