import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { bucketExpiryS, bucketGrid, bucketStartAtOffsetS, bucketStartS, oldestLiveMs } from '../index.js';

describe('a bucket', () => {
  const instants = fc.integer({ min: -4e12, max: 4e12 });
  const durations = fc.integer({ min: 1, max: 1e7 });
  const alignments = fc.integer({ min: -2e9, max: 2e9 });

  test('holds its time, is aligned, and is half-open', () => {
    fc.assert(
      fc.property(instants, durations, alignments, (timestampMs, durationS, alignmentS) => {
        const startS = bucketStartS(timestampMs, durationS, alignmentS);
        assert.ok(startS * 1000 <= timestampMs && timestampMs < (startS + durationS) * 1000);
        assert.equal(Math.abs((startS - alignmentS) % durationS), 0);
        assert.equal(bucketStartS(startS * 1000, durationS, alignmentS), startS);
        assert.equal(bucketStartS(startS * 1000 - 1, durationS, alignmentS), startS - durationS);
      }),
    );
  });

  test('is live exactly if it ends no earlier than the oldest live time says', () => {
    const resolutions = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 9 })),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    fc.assert(
      fc.property(instants, resolutions, alignments, fc.nat(20_000_000), (nowMs, some, alignmentS, agoMs) => {
        const grid = {
          alignmentS,
          resolutions: some.map(([durationS, retention]) => ({ durationS, retention })),
        };
        const timestampMs = nowMs - agoMs;
        const live = grid.resolutions.some((resolution) => {
          const startS = bucketStartS(timestampMs, resolution.durationS, alignmentS);
          return bucketExpiryS(startS, resolution) * 1000 > nowMs;
        });
        assert.equal(timestampMs >= oldestLiveMs(grid, nowMs), live);
      }),
      { numRuns: 1000 },
    );
  });

  test('is kept for its retention, the current bucket included', () => {
    const resolution = { durationS: 100, retention: 2 };
    assert.equal(bucketExpiryS(1000, resolution), 1200);
    const grid = bucketGrid(0, resolution, []);
    assert.equal(oldestLiveMs(grid, 1_199_999), 1_000_000);
    assert.equal(oldestLiveMs(grid, 1_200_000), 1_100_000);
    assert.equal(bucketStartAtOffsetS(1_234_000, -1, resolution, 0), 1100);
  });
});
