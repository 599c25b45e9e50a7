import { type BucketGrid, bucketExpiryS, bucketStartS } from '@humtemp/bucket-core';

/** When the identities of a lab's hour may be forgotten, Unix seconds. */
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
