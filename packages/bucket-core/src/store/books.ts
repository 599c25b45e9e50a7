import type { Rejection } from '../observation/rejection.js';
import type { LedgerReport } from './ledger-counters.js';
import type { StoreFault } from './store-fault.js';

/**
 * What the store counted for one run of a process, in the same step as each commit: it holds whatever became of the
 * process. Observations, as in CommitResult.
 */
export interface StoreCount {
  readonly process: string;
  readonly committed: number;
  readonly duplicate: number;
  /** Of the committed: counted without deduplication. */
  readonly suspended: number;
}

/**
 * What operators read about the store's work. None of it can hold up or fail a commit: what is written with one and
 * cannot be is a fault.
 */
export interface Books {
  /** The newest rejections, newest first. */
  rejections(limit: number): Promise<readonly Rejection[]>;
  /** Keeps this process' counters for others to read, for an hour. */
  reportLedger(report: LedgerReport): Promise<void>;
  /** What processes reported in the hour before `nowMs`. */
  ledgers(nowMs: number): Promise<readonly LedgerReport[]>;
  /** What the store counted, for each process that committed within the last week. */
  counted(): Promise<readonly StoreCount[]>;
  /** The newest faults, newest first, at most FAULTS_MAX. */
  faults(limit: number): Promise<readonly StoreFault[]>;
  /** Keeps a text under a name for all processes of the store, for a week: whoever has it shares it again and again. */
  share(name: string, text: string): Promise<void>;
  /** The text of a name; undefined: there is none. @param known its version, if the caller has it already */
  shared(name: string, known?: string): Promise<SharedText | 'unchanged' | undefined>;
}

/** A text that one process has shared. */
export interface SharedText {
  /** Another one for another text. */
  readonly version: string;
  readonly text: string;
}

/** How long a shared text is kept, in seconds. */
export const SHARED_KEPT_S = 7 * 86_400;

/** How long a process' counts are kept after its last commit, in seconds. */
export const COUNTS_KEPT_S = 7 * 86_400;

/** How long a process' last report is kept, in seconds. */
export const LEDGER_REPORT_KEPT_S = 3600;
