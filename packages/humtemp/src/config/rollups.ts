import { parseRollups, type Resolution } from '@humtemp/bucket-core';

/** A leap year: bucket borders stay dates. */
export const BUCKET_DURATION_S_MAX = 31_622_400;
export const BUCKET_RETENTION_MAX = 100_000;
/** Long before what a Date can say. */
const KEPT_S_MAX = BUCKET_DURATION_S_MAX * BUCKET_RETENTION_MAX;
/** Each costs every commit a bucket of every lab. */
const ROLLUPS_MAX = 7;

/** Further resolutions, within the limits of the primary one. @throws RangeError naming what was expected. */
export function rollups(text: string): readonly Resolution[] {
  const all = parseRollups(text);
  if (all.length > ROLLUPS_MAX) throw new RangeError(`at most ${ROLLUPS_MAX} resolutions`);
  if (all.some(({ durationS }) => durationS > BUCKET_DURATION_S_MAX))
    throw new RangeError(`buckets of at most ${BUCKET_DURATION_S_MAX / 86_400}d`);
  if (all.some(({ durationS, retention }) => durationS * retention > KEPT_S_MAX))
    throw new RangeError(`buckets that are kept for at most ${KEPT_S_MAX / 86_400}d`);
  return all;
}
