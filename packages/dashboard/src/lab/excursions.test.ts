import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excursionsOf } from './excursions.js';
import { type Bucket, resolutionFor } from './series.js';

const HOUR_MS = 3_600_000;

/** Buckets of an hour from the first of 1970, each with its lowest and highest temperature. */
function series(...extremes: ([number, number] | null)[]): Bucket[] {
  return extremes.map((pair, i) => ({
    start: new Date(i * HOUR_MS).toISOString(),
    end: new Date((i + 1) * HOUR_MS).toISOString(),
    complete: i + 1 < extremes.length,
    temp: pair === null ? null : { min: pair[0], max: pair[1] },
    humidity: null,
  })) as unknown as Bucket[];
}

test('a run beyond a limit is one excursion with its peak, a gap ends it, and the limit itself is within', () => {
  const limits = { temp: { min: 20, max: 24 }, humidity: {} };
  const found = excursionsOf(
    series([20, 24], [21, 24.5], [21, 26], [22, 24], null, [23, 25], null, [18, 25]),
    limits,
  );
  assert.deepEqual(
    found.map(({ side, fromMs, toMs, peak, isOngoing }) => [
      side,
      fromMs / HOUR_MS,
      toMs / HOUR_MS,
      peak,
      isOngoing,
    ]),
    [
      ['above', 1, 3, 26, false],
      ['above', 5, 6, 25, false],
      ['above', 7, 8, 25, true],
      ['below', 7, 8, 18, true],
    ],
  );
  assert.deepEqual(excursionsOf(series([0, 99]), { temp: {}, humidity: { max: 1 } }), []);
});

test('a span is drawn with the finest resolution that is kept for long enough', () => {
  const kept = [
    { resolution: '5m', duration_s: 300, kept_s: 86_400 },
    { resolution: '1h', duration_s: 3600, kept_s: 604_800 },
    { resolution: '1d', duration_s: 86_400, kept_s: 5_184_000 },
  ];
  const nowMs = 1e12;
  const chosen = (hours: number, agoHours = 0) =>
    resolutionFor(kept, nowMs - (hours + agoHours) * HOUR_MS, nowMs - agoHours * HOUR_MS, nowMs, 400)
      .resolution;
  assert.deepEqual(
    [chosen(3), chosen(24), chosen(3, 48), chosen(168), chosen(720), chosen(9000)],
    ['5m', '5m', '1h', '1h', '1d', '1d'],
  );
});
