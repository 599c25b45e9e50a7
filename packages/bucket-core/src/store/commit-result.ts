import type { Batch } from './batch.js';

/** The fate of every observation of a batch. The first four add up to what the batch held. */
export interface CommitResult {
  committed: number;
  duplicate: number;
  /** Bucket expired between receipt and commit. */
  expired: number;
  /** Of labs that are new beyond labsMax. */
  tooManyLabs: number;
  /** Of the committed: counted without deduplication, because their lab had more than the store remembers. */
  suspended: number;
  /** The labs behind `tooManyLabs`. */
  readonly refusedLabs: Set<string>;
}

export function emptyCommitResult(): CommitResult {
  return { committed: 0, duplicate: 0, expired: 0, tooManyLabs: 0, suspended: 0, refusedLabs: new Set() };
}

/** Adds what another commit, or another part of this one, came to. */
export function addResult(to: CommitResult, from: CommitResult): void {
  to.committed += from.committed;
  to.duplicate += from.duplicate;
  to.expired += from.expired;
  to.tooManyLabs += from.tooManyLabs;
  to.suspended += from.suspended;
  for (const lab of from.refusedLabs) to.refusedLabs.add(lab);
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
