import type { BucketGrid } from '../grid/bucket-grid.js';
import type { StoreFault } from './store-fault.js';

/** What every store is opened with. */
export interface StoreOptions {
  readonly grid: BucketGrid;
  /** Seconds for which an identity is remembered; 0 turns deduplication off. */
  readonly deduplicationHorizonS: number;
  readonly labsMax: number;
  /** Newest rejections kept in the list. */
  readonly rejectionsMax: number;
  /** Names this run of this process: under it the store counts what it commits. Default: a random name. */
  readonly process?: string;
  /** Called for each stored value that was set aside or left out. */
  readonly onFault?: (fault: StoreFault) => void;
  /** Called once when the store cannot recover by itself: the process should log the error and end. */
  readonly onFatal?: (error: Error) => void;
}
