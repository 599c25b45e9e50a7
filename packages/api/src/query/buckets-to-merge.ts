import type { BucketGrid, Resolution } from '@humtemp/bucket-core';
import { ProblemError } from '../http/problem.js';
import { resolutionOf } from './parameters.js';
import {
  type BucketRange,
  bucketCount,
  bucketRange,
  resolutionForSummary,
  type TimeRange,
} from './time-range.js';

/** Buckets read for one summary, of all its labs together. */
export const MERGED_BUCKETS_MAX = 100_000;

/**
 * The buckets that make up a summary: of the resolution that is asked for, or else of the one that suits the range.
 * @throws ProblemError with status 400 for more than MERGED_BUCKETS_MAX of them for each lab.
 */
export function bucketsToMerge(
  range: TimeRange,
  duration: string | undefined,
  grid: BucketGrid,
  nowMs: number,
): BucketRange & { readonly resolution: Resolution; readonly count: number } {
  const resolution =
    duration === undefined ? resolutionForSummary(range, grid, nowMs) : resolutionOf(grid, duration);
  const buckets = bucketRange(range, resolution, grid, nowMs);
  const count = bucketCount(buckets, resolution);
  checkMerged(count, 1);
  return { ...buckets, resolution, count };
}

/** @throws ProblemError with status 400 where so many buckets of so many labs are too many. */
export function checkMerged(buckets: number, labs: number): void {
  if (buckets * labs <= MERGED_BUCKETS_MAX) return;
  const detail = `the summary would merge ${buckets} buckets of each of ${labs} labs, more than ${MERGED_BUCKETS_MAX} in all: ask for a shorter range, fewer labs or a coarser resolution`;
  throw new ProblemError({ status: 400, detail });
}
