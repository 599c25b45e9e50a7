import {
  beforeLooking,
  isSameAggregate,
  type PlacedBucket,
  type RestoreFate,
  type StoredBucket,
} from '../../store/bucket-restore.js';
import type { LabBuckets } from './lab-buckets.js';

/** What becomes of buckets that are to be restored, and which of them are to be put. */
export function fatesOf(
  labs: LabBuckets,
  buckets: readonly StoredBucket[],
  nowMs: number,
): { readonly fates: readonly RestoreFate[]; readonly accepted: readonly StoredBucket[] } {
  const { fates, asked } = beforeLooking(buckets, labs.options.grid, nowMs);
  const newLabs = new Set<string>();
  const accepted: StoredBucket[] = [];
  for (const bucket of asked) {
    const fate = fateOf(labs, bucket, newLabs);
    fates[bucket.place] = fate;
    if (fate === 'restored') accepted.push(bucket);
  }
  return { fates: fates as RestoreFate[], accepted };
}

function fateOf(
  labs: LabBuckets,
  { lab, durationS, startS, aggregate }: PlacedBucket,
  newLabs: Set<string>,
): RestoreFate {
  if (!labs.isKnown(lab)) {
    if (!newLabs.has(lab) && labs.count + newLabs.size >= labs.options.labsMax) return 'too_many_labs';
    newLabs.add(lab);
    return 'restored';
  }
  const read = labs.orLeftOut(() => ({ held: labs.bucket(lab, durationS, startS) }));
  if (read === undefined) return 'unreadable';
  if (read.held === undefined) return 'restored';
  return isSameAggregate(read.held, aggregate) ? 'present' : 'different';
}
