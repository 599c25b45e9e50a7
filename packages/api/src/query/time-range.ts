import {
  type BucketGrid,
  bucketStartS,
  longestLivedResolution,
  type Resolution,
  reachS,
} from '@humtemp/bucket-core';

/** Half-open interval of Unix milliseconds. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Half-open interval of whole buckets, Unix seconds. */
export interface BucketRange {
  readonly startS: number;
  readonly endS: number;
}

const HOUR_S = 3600;

/**
 * The buckets that a time range touches: widened to bucket borders, and cut to what is still kept and to the end of
 * the current bucket. Of a range that lies outside all that, an empty one is left, at the edge.
 */
export function bucketRange(
  range: TimeRange,
  resolution: Resolution,
  grid: BucketGrid,
  nowMs: number,
): BucketRange {
  const { durationS } = resolution;
  const startOf = (ms: number) => bucketStartS(ms, durationS, grid.alignmentS);
  const oldestS = oldestStartS(resolution, grid, nowMs);
  const newestEndS = startOf(nowMs) + durationS;
  const clamped = (s: number) => Math.min(Math.max(s, oldestS), newestEndS);
  // One millisecond before the end: a border ends the bucket before it.
  return { startS: clamped(startOf(range.fromMs)), endS: clamped(startOf(range.toMs - 1) + durationS) };
}

/** How many buckets a range of buckets has. */
export function bucketCount({ startS, endS }: BucketRange, { durationS }: Resolution): number {
  return (endS - startS) / durationS;
}

/**
 * The resolution to show a range in: the finest that reaches back to its beginning in at most so many buckets. If all
 * that reach back need more, the coarsest of them; if none does, the one that reaches furthest.
 */
export function resolutionForSeries(
  range: TimeRange,
  grid: BucketGrid,
  nowMs: number,
  bucketsMax: number,
): Resolution {
  const reaching = reachingBack(range.fromMs, grid, nowMs);
  const fitting = reaching.find(
    (resolution) => bucketCount(bucketRange(range, resolution, grid, nowMs), resolution) <= bucketsMax,
  );
  return fitting ?? reaching.at(-1)!;
}

/**
 * The resolution to merge a range from: the coarsest that reaches back to its beginning and has borders at both of its
 * ends. If there is none, the finest of at least an hour, which keeps histograms; for less than an hour the finest.
 */
export function resolutionForSummary(range: TimeRange, grid: BucketGrid, nowMs: number): Resolution {
  const reaching = reachingBack(range.fromMs, grid, nowMs);
  const isBorder = (ms: number, { durationS }: Resolution) =>
    bucketStartS(ms, durationS, grid.alignmentS) * 1000 === ms;
  const exact = reaching.findLast((one) => isBorder(range.fromMs, one) && isBorder(range.toMs, one));
  if (exact !== undefined) return exact;
  const isShort = range.toMs - range.fromMs < HOUR_S * 1000;
  const withHistogram = isShort ? undefined : reaching.find((one) => one.durationS >= HOUR_S);
  return withHistogram ?? reaching[0]!;
}

/** Resolutions that still keep the bucket of a time, finest first; if none does, the one that reaches furthest. */
function reachingBack(fromMs: number, grid: BucketGrid, nowMs: number): Resolution[] {
  const reaching = grid.resolutions.filter(
    (one) => bucketStartS(fromMs, one.durationS, grid.alignmentS) >= oldestStartS(one, grid, nowMs),
  );
  if (reaching.length === 0) return [longestLivedResolution(grid)];
  return reaching.sort((a, b) => a.durationS - b.durationS);
}

/** Start of the oldest bucket that has not expired. */
export function oldestStartS(resolution: Resolution, { alignmentS }: BucketGrid, nowMs: number): number {
  const edgeMs = nowMs - reachS(resolution) * 1000;
  return bucketStartS(edgeMs, resolution.durationS, alignmentS) + resolution.durationS;
}
