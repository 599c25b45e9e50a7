/** The arithmetic of buckets: integers, half-open intervals, floor division. It stands only here. */

/** A bucket duration and how many buckets are kept, the current one included. */
export interface Resolution {
  readonly durationS: number;
  readonly retention: number;
}

/** Every resolution that a commit writes, and where bucket borders are anchored. */
export interface BucketGrid {
  /** A bucket border, Unix seconds; all others lie whole durations away. */
  readonly alignmentS: number;
  /** The primary resolution first, then the rollups. At least one, all durations different. */
  readonly resolutions: readonly Resolution[];
}

/** Start, in Unix seconds, of the bucket [start, start + durationS) that holds a time in Unix milliseconds. */
export function bucketStartS(timestampMs: number, durationS: number, alignmentS: number): number {
  return alignmentS + Math.floor((timestampMs / 1000 - alignmentS) / durationS) * durationS;
}

/** When a bucket expires, Unix seconds: it is kept for `retention` buckets, itself included. */
export function bucketExpiryS(startS: number, resolution: Resolution): number {
  return startS + resolution.retention * resolution.durationS;
}

export function primaryResolution(grid: BucketGrid): Resolution {
  return grid.resolutions[0]!;
}

/**
 * The resolution that looks back furthest. A shorter bucket that starts later may still outlive its bucket, if it looks back
 * nearly as far.
 */
export function longestLivedResolution(grid: BucketGrid): Resolution {
  return grid.resolutions.reduce((longest, resolution) =>
    reachS(resolution) > reachS(longest) ? resolution : longest,
  );
}

/** How long a bucket is kept from its start, in seconds. */
export function reachS(resolution: Resolution): number {
  return resolution.retention * resolution.durationS;
}

/** The oldest time, in Unix milliseconds, for which some resolution still keeps a bucket. */
export function oldestLiveMs(grid: BucketGrid, nowMs: number): number {
  return Math.min(
    ...grid.resolutions.map((resolution) => {
      // The bucket that holds this time is the last to have expired, or expires only just.
      const edgeMs = nowMs - reachS(resolution) * 1000;
      return (bucketStartS(edgeMs, resolution.durationS, grid.alignmentS) + resolution.durationS) * 1000;
    }),
  );
}

/** Start of the bucket that lies `offset` buckets from the current one: 0 the current, −1 the previous. */
export function bucketStartAtOffsetS(
  nowMs: number,
  offset: number,
  resolution: Resolution,
  alignmentS: number,
): number {
  return bucketStartS(nowMs, resolution.durationS, alignmentS) + offset * resolution.durationS;
}
