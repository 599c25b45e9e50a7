import type { Aggregate } from '../aggregate/aggregate.js';
import type { Resolution } from '../grid/bucket-grid.js';
import type { Batch } from './batch.js';
import type { CommitResult } from './commit-result.js';

/** One lab's bucket. */
export interface LabBucket {
  readonly lab: string;
  readonly startS: number;
  readonly aggregate: Aggregate;
}

/**
 * How a store is: it takes commits; it does not for now, but tries again by itself; or it never will again, and the
 * process has to end.
 */
export type StoreHealth = 'ok' | 'degraded' | 'lost';

/** Figures of a store for whoever watches it; what it does not have is undefined. */
export interface StoreFigures {
  /** Of the embedded store: bytes that a start would replay, and bytes of the tables that were made of such. */
  readonly journalBytes?: number;
  readonly tableBytes?: number;
  /** Of Redis: connections that came to take commits since the start. */
  readonly connections?: number;
}

/**
 * Where buckets live. Every implementation keeps the same promises, and the contract suite holds all of them to it:
 *
 * - `commit` is atomic for each lab and part of a batch: an observation is in every resolution or in none.
 * - `commit` may be repeated with the same batch; what it had counted before is then a duplicate.
 * - What `commit` has returned survives the death of the process.
 * - A stored value that is unreadable concerns its lab alone: a commit sets it aside, the lab begins anew, and reads
 *   leave that lab out. Each such fault is reported (see StoreOptions.onFault) and listed (see Books.faults).
 * - Reads never show a torn or an expired bucket, nor another lab's.
 *
 * Times come in as arguments; a store asks no clock, but a Redis server deletes by its own.
 */
export interface BucketStore {
  /**
   * Parts of the store that work apart from each other, numbered from 0 on, and which has a lab now. Commits of labs of
   * different lanes may be under way at the same time. Undefined: there is only one.
   */
  readonly lanes?: { readonly count: number; of(lab: string): number };
  /**
   * Drops duplicates, merges the rest into every resolution and lists the batch's rejections. A list that cannot be
   * written is a fault, and does not hold up the commit.
   * @throws CommitError when the store is out of reach or refuses.
   */
  commit(batch: Batch, nowMs: number): Promise<CommitResult>;
  /**
   * The bucket [startS, startS + durationS) of each of these labs that has it, in pages: of given labs in their order.
   *
   * Of all labs, in no particular order: each that has the bucket when the reading begins exactly once, unless it
   * expires meanwhile, whatever is committed; each as of the moment its page is read, which may be eight pages ahead: with
   * all that was committed before the eighth page before it was asked for, the first eight with all that was committed before the
   * reading. Of a bucket older than the one before the current, each with all that was committed before the reading. A lab that
   * gets the bucket meanwhile may be among them.
   *
   * Everything else has a turn between two pages, and a reader that is slow holds up nobody.
   * @param withHistograms false: the aggregates have none, which is faster
   */
  buckets(
    labs: readonly string[] | 'all',
    resolution: Resolution,
    startS: number,
    nowMs: number,
    withHistograms?: boolean,
  ): AsyncIterable<readonly LabBucket[]>;
  /**
   * One lab's existing buckets with fromS ≤ start < toS, oldest first.
   * @param withHistograms false: the aggregates have none, which is faster
   */
  series(
    lab: string,
    resolution: Resolution,
    fromS: number,
    toS: number,
    nowMs: number,
    withHistograms?: boolean,
  ): Promise<readonly LabBucket[]>;
  /** The series of each of these labs, in their order, for less than it costs to ask for them one by one. */
  seriesOf(
    labs: readonly string[],
    resolution: Resolution,
    fromS: number,
    toS: number,
    nowMs: number,
    withHistograms?: boolean,
  ): Promise<readonly (readonly LabBucket[])[]>;
  /** Ids of known labs after `after` in the order of their characters' codes, at most `limit`. */
  labs(after: string, limit: number, nowMs: number): Promise<readonly string[]>;
  /**
   * The newest bucket of each given lab, in the longest-lived resolution that has one; undefined for an unknown lab.
   * @param withHistograms false: the aggregates need none, which can be faster
   */
  latest(
    labs: readonly string[],
    nowMs: number,
    withHistograms?: boolean,
  ): Promise<readonly (LabBucket | undefined)[]>;
  /** Resolves when the store can take a commit now. @throws with the cause otherwise. */
  ping(): Promise<void>;
  health(): StoreHealth;
  /** What is not as it should be, though the store works for now, each with the line to change. */
  warnings?(): readonly string[];
  figures?(): StoreFigures;
  close(): Promise<void>;
}
