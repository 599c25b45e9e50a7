import type { Aggregate } from '../aggregate/aggregate.js';
import type { BucketGrid, Resolution } from '../grid/bucket-grid.js';
import type { Rejection } from '../observation/rejection.js';
import type { Batch } from './batch.js';
import type { LedgerReport } from './ledger-counters.js';

/** What every store is opened with. */
export interface StoreOptions {
  readonly grid: BucketGrid;
  /** Seconds for which an identity is remembered; 0 turns deduplication off. */
  readonly deduplicationHorizonS: number;
  readonly labsMax: number;
  /** Newest rejections kept in the list. */
  readonly rejectionsMax: number;
}

/** The fate of every observation of a batch. The first four add up to what the batch held. */
export interface CommitResult {
  committed: number;
  duplicate: number;
  /** Bucket expired between receipt and commit. */
  expired: number;
  /** Of labs that are new beyond labsMax. */
  tooManyLabs: number;
  /** Of the committed: counted without deduplication, because their lab's hour held IDENTITIES_MAX identities. */
  suspended: number;
  /** The labs behind `tooManyLabs`. */
  readonly refusedLabs: Set<string>;
}

export function emptyCommitResult(): CommitResult {
  return { committed: 0, duplicate: 0, expired: 0, tooManyLabs: 0, suspended: 0, refusedLabs: new Set() };
}

/**
 * A commit that did not succeed as a whole. `done` is the fate of the labs that did; `remaining` holds the others
 * and is what to commit again, unchanged and as often as needed.
 */
export class CommitError extends Error {
  override readonly name = 'CommitError';

  constructor(
    message: string,
    readonly done: CommitResult,
    readonly remaining: Batch,
    options: { readonly cause: unknown },
  ) {
    super(message, options);
  }
}

/** One lab's bucket. */
export interface LabBucket {
  readonly lab: string;
  readonly startS: number;
  readonly aggregate: Aggregate;
}

/**
 * Where buckets live. Every implementation keeps the same promises, and the contract suite holds all of them to it:
 *
 * - `commit` is atomic for each lab and part of a batch: an observation is in every resolution or in none.
 * - `commit` may be repeated with the same batch; what it had counted before is then a duplicate.
 * - What `commit` has returned survives the death of the process.
 * - Reads never show a torn or an expired bucket, nor another lab's.
 *
 * Times come in as arguments; a store asks no clock, but a Redis server deletes by its own.
 */
export interface BucketStore {
  /**
   * Drops duplicates, merges the rest into every resolution and lists the batch's rejections.
   * @throws CommitError when the store is out of reach or refuses.
   */
  commit(batch: Batch, nowMs: number): Promise<CommitResult>;
  /**
   * All labs that have the bucket [startS, startS + durationS), in pages, in no particular order: each that has it when the
   * reading begins exactly once, unless it expires meanwhile, whatever is committed; each as of the moment its page is read,
   * which may be one page ahead: with all that was committed before its predecessor was asked for, the first with all that
   * was committed before the reading. A lab that gets the bucket meanwhile may be among them.
   * Everything else has a turn between two pages, and a reader that is slow holds up nobody.
   * @param withHistograms false: the aggregates have none, which is faster
   */
  summaries(
    resolution: Resolution,
    startS: number,
    nowMs: number,
    withHistograms?: boolean,
  ): AsyncIterable<readonly LabBucket[]>;
  /** One lab's existing buckets with fromS ≤ start < toS, oldest first. */
  series(
    lab: string,
    resolution: Resolution,
    fromS: number,
    toS: number,
    nowMs: number,
  ): Promise<readonly LabBucket[]>;
  /** Ids of known labs after `after` in the order of their characters' codes, at most `limit`. */
  labs(after: string, limit: number, nowMs: number): Promise<readonly string[]>;
  /** The newest bucket of each given lab, in the longest-lived resolution that has one; undefined for an unknown lab. */
  latest(labs: readonly string[], nowMs: number): Promise<readonly (LabBucket | undefined)[]>;
  /** The newest rejections, newest first. */
  rejections(limit: number): Promise<readonly Rejection[]>;
  /** Leaves this process' counters for others to read, for an hour. */
  reportLedger(report: LedgerReport): Promise<void>;
  /** What processes reported in the hour before `nowMs`. */
  ledgers(nowMs: number): Promise<readonly LedgerReport[]>;
  /** Leaves word of who serves an MQTT session; without another word within `aliveS` seconds it counts as abandoned. */
  touchSession(name: string, owner: string, aliveS: number): Promise<void>;
  /** Who serves a session by the last word; undefined if there is none, or its time has run out. */
  sessionOwner(name: string): Promise<string | undefined>;
  /** Every session that was touched once and is not forgotten; abandoned, if its time has run out. */
  sessions(): Promise<readonly { readonly name: string; readonly abandoned: boolean }[]>;
  forgetSession(name: string): Promise<void>;
  /** Resolves when the store can take a commit now. @throws with the cause otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** How long a process' last report is kept, in seconds. */
export const LEDGER_REPORT_KEPT_S = 3600;
