import {
  type BucketGrid,
  type BucketStore,
  bucketStartAtOffsetS,
  type LabBucket,
  primaryResolution,
} from '@humtemp/bucket-core';
import type { LatestOfLab } from './lab-status.js';

/**
 * The latest values of labs, in their order; undefined for one without any. A metric that fell silent is not in the newest
 * bucket any more: it is looked for in the current and the previous bucket of the primary resolution, too.
 */
export async function latestOfLabs(
  { store, grid }: { readonly store: Pick<BucketStore, 'latest' | 'buckets'>; readonly grid: BucketGrid },
  labs: readonly string[],
  nowMs: number,
): Promise<readonly (LatestOfLab | undefined)[]> {
  if (labs.length === 0) return [];
  const resolution = primaryResolution(grid);
  const earlier = new Map<string, LabBucket[]>();
  const read = async (offset: number) => {
    const startS = bucketStartAtOffsetS(nowMs, offset, resolution, grid.alignmentS);
    for await (const page of store.buckets(labs, resolution, startS, nowMs, false))
      for (const bucket of page) earlier.set(bucket.lab, [...(earlier.get(bucket.lab) ?? []), bucket]);
  };
  const [newest] = await Promise.all([store.latest(labs, nowMs, false), read(0), read(-1)]);
  return newest.map((bucket) =>
    bucket === undefined ? undefined : { newest: bucket, earlier: earlier.get(bucket.lab) ?? [] },
  );
}
