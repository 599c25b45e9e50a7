import type { BucketGrid, Resolution } from '../grid/bucket-grid.js';
import type { StoreOptions } from '../store/store-options.js';

/** What decides where observations go and whether they count: journal and buckets are to be read with it. */
export interface StoredConfiguration {
  readonly grid: BucketGrid;
  readonly deduplicationHorizonS: number;
  /** Resolutions of earlier grids that buckets are left of. They are kept as long as they were to be. */
  readonly formerResolutions: readonly Resolution[];
}

export function configurationOf(
  { grid, deduplicationHorizonS }: StoreOptions,
  formerResolutions: readonly Resolution[],
): StoredConfiguration {
  return { grid, deduplicationHorizonS, formerResolutions };
}
