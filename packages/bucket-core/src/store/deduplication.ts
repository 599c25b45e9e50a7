import { type BucketGrid, bucketExpiryS, bucketStartS } from '../grid/bucket-grid.js';

/**
 * Identities that every store remembers of one hour of one lab. A store may remember more, up to a bound of its own; beyond,
 * the lab's deduplication is suspended.
 */
export const IDENTITIES_MAX = 65_536;

/**
 * When the identities of a lab's hour may be forgotten, Unix seconds: `horizonS` after the hour's end, or after the
 * commit where that comes later, but never after the last bucket that such an observation could still reach.
 */
export function identitiesExpiryS(hour: number, horizonS: number, grid: BucketGrid, nowMs: number): number {
  const hourEndS = (hour + 1) * 3600;
  const rememberedS = Math.max(hourEndS, Math.ceil(nowMs / 1000)) + horizonS;
  const reachableS = Math.max(
    ...grid.resolutions.map((resolution) =>
      bucketExpiryS(bucketStartS(hourEndS * 1000 - 1, resolution.durationS, grid.alignmentS), resolution),
    ),
  );
  return Math.min(rememberedS, reachableS);
}

/** The default horizon in seconds: the longest retention, but no more than two days. */
export function defaultHorizonS(grid: BucketGrid): number {
  return Math.min(
    172_800,
    Math.max(...grid.resolutions.map((resolution) => resolution.durationS * resolution.retention)),
  );
}
