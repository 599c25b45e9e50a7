import { packAggregate } from '../aggregate/packed-aggregate.js';
import { type BucketGrid, bucketExpiryS } from '../grid/bucket-grid.js';
import type { LabBucket } from './bucket-store.js';

/** A bucket of one of the grid's resolutions, as another store had it. */
export interface StoredBucket extends LabBucket {
  readonly durationS: number;
}

/**
 * What became of a bucket that was to be restored. Only `restored` changes anything:
 *
 *     restored       the store did not have it, and has it now
 *     present        the store has it, and it says the same
 *     different      the store has it, and it says something else
 *     expired        this store does not keep it any more
 *     too_many_labs  its lab would be one more than there may be
 *     unreadable     what the store has of its lab cannot be read
 */
export type RestoreFate = (typeof RESTORE_FATES)[number];

export const RESTORE_FATES = [
  'restored',
  'present',
  'different',
  'expired',
  'too_many_labs',
  'unreadable',
] as const;

/** Takes over what another store had. */
export interface BucketRestore {
  /**
   * Puts buckets where the store has none, each whole or not at all; never adds to one that is there. So it may be repeated.
   * What was restored survives the death of the process when this resolves. Observations of a restored bucket are not
   * remembered one by one: one that is sent again is counted again.
   * @param buckets of resolutions of the grid, at its borders
   * @returns the fate of each, in their order. @throws when the store is out of reach or refuses; a part may be restored then
   */
  restore(buckets: readonly StoredBucket[], nowMs: number): Promise<readonly RestoreFate[]>;
}

/** Whether both say the same, to the bit. */
export function isSameAggregate(one: LabBucket['aggregate'], other: LabBucket['aggregate']): boolean {
  return packAggregate(one).equals(packAggregate(other));
}

/**
 * What a store has not to be asked for: expired buckets, and those that come twice.
 * @returns the fates that are known, and the rest with their places
 */
export function beforeLooking(
  buckets: readonly StoredBucket[],
  grid: BucketGrid,
  nowMs: number,
): { readonly fates: (RestoreFate | undefined)[]; readonly asked: readonly PlacedBucket[] } {
  const first = new Map<string, StoredBucket>();
  const asked: PlacedBucket[] = [];
  const fates = buckets.map((bucket, place): RestoreFate | undefined => {
    const { lab, durationS, startS, aggregate } = bucket;
    const resolution = grid.resolutions.find((one) => one.durationS === durationS);
    if (resolution === undefined || (startS - grid.alignmentS) % durationS !== 0)
      throw new RangeError(`no resolution of the store has a bucket of ${durationS} s from ${startS} on`);
    if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) return 'expired';
    const name = `${lab} ${durationS} ${startS}`;
    const before = first.get(name);
    if (before !== undefined) return isSameAggregate(before.aggregate, aggregate) ? 'present' : 'different';
    first.set(name, bucket);
    asked.push({ ...bucket, place });
    return undefined;
  });
  return { fates, asked };
}

/** A bucket, and where its fate stands. */
export interface PlacedBucket extends StoredBucket {
  readonly place: number;
}
