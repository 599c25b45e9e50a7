import { Batch, type BucketStore, CommitError, type CommitResult } from '@humtemp/bucket-core';
import { backOffMs } from './back-off.js';
import type { Ledger } from './ledger.js';

/** What the loop tells of itself, for logs. */
export interface CommitLoopEvents {
  /** A commit failed; it is tried again after `delayMs`. */
  readonly onFailure?: (error: Error, attempt: number, delayMs: number) => void;
  /** A commit succeeded after `attempts` failures. */
  readonly onRecovery?: (attempts: number) => void;
  /** What became of observations: of a whole batch, or of the part that a failed commit got done. */
  readonly onCommit?: (result: CommitResult) => void;
  /** The labs of what was committed, or may have been in part: those with nothing but duplicates are among them. */
  readonly onLabsCommitted?: (labs: Iterable<string>) => void;
}

const RETRY_DELAY_MS = { min: 50, max: 5000 };
/** Observations that are not worth dividing any more. */
const PIECE_MIN = 10;

/**
 * Natural batching: whenever something is pending and no commit is in flight, all that is pending is committed.
 *
 *     idle ──receive──▶ scheduled ──turn of the event loop──▶ committing ──nothing pending──▶ idle
 *                                                              │    ▲
 *                                                       failed ▼    │ after a delay, the same batch
 *                                                             waiting
 *
 * After a failure, what remains is committed in pieces, half as large after each failure, twice as large after each
 * success.
 *
 * Every batch has a number, counting up. What is added belongs to the batch `openBatch`; once `settledBatch` has
 * reached that number, it is in the store or was rejected, and may be acknowledged. Batches settle in order.
 */
export class CommitLoop {
  #waiting: (() => void)[] = [];
  #pending = new Batch();
  #openBatch = 1;
  #settledBatch = 0;
  #touched = false;
  #running = false;
  #stopped = false;
  #wakeRetry: (() => void) | undefined;
  /** Observations in one commit: halved when one fails, as it may take longer than a slow link or store is given. */
  #pieceMax = Infinity;
  #failure: string | undefined;
  /** Labs that the batch last committed was refused for. */
  #refusedLabs = new Set<string>();

  constructor(
    readonly store: BucketStore,
    readonly ledger: Ledger,
    readonly clock: () => number,
    readonly events: CommitLoopEvents = {},
  ) {}

  /** The batch that takes what is received now. Fetch it anew for each publish, and touch() it afterwards. */
  get pending(): Batch {
    return this.#pending;
  }

  /** Number of the batch that takes what is received now. */
  get openBatch(): number {
    return this.#openBatch;
  }

  /** Number of the newest batch that is settled, with all before it. */
  get settledBatch(): number {
    return this.#settledBatch;
  }

  /** Something belongs to the open batch, even if only a rejection that is not listed: it must settle. */
  touch(): void {
    this.#touched = true;
    if (this.#running || this.#stopped) return;
    this.#running = true;
    // After everything that this turn of the event loop has to read.
    setImmediate(() => void this.#run());
  }

  /** Why the last commit failed; undefined when it succeeded. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Labs of the newest settled batch whose observations were refused, because there are too many labs. */
  get refusedLabs(): ReadonlySet<string> {
    return this.#refusedLabs;
  }

  /** Calls back once, when everything received so far is settled. Never, if that was given up. */
  afterSettled(callback: () => void): void {
    if (this.#touched || this.#running) {
      this.touch();
      this.#waiting.push(callback);
    } else if (this.ledger.inFlight === 0) callback();
  }

  /** Gives up the retries; what is not settled then stays in flight and is never acknowledged. */
  abandon(): void {
    this.#stopped = true;
    this.#wakeRetry?.();
  }

  async #run(): Promise<void> {
    while (this.#touched && !this.#stopped) {
      const batch = this.#pending;
      const waiting = this.#waiting;
      this.#pending = new Batch();
      this.#waiting = [];
      this.#openBatch += 1;
      this.#touched = false;
      if (!batch.isEmpty && !(await this.#commit(batch))) break;
      this.#settledBatch += 1;
      for (const callback of waiting) callback();
    }
    this.#running = false;
  }

  /** Commits until it succeeds. False if given up. */
  async #commit(batch: Batch): Promise<boolean> {
    let remaining = batch;
    const refusedLabs = new Set<string>();
    let failures = 0;
    for (let attempt = 0; ; ) {
      const isPiece = remaining.observations > this.#pieceMax;
      const piece = isPiece ? remaining.take(this.#pieceMax) : remaining;
      try {
        this.#settle(await this.store.commit(piece, this.clock()), refusedLabs);
        this.events.onLabsCommitted?.(piece.rowsByLab.keys());
        this.#failure = undefined;
        this.#pieceMax *= 2;
        attempt = 0;
        if (isPiece) {
          if (this.#stopped) return false;
          continue;
        }
        this.#refusedLabs = refusedLabs;
        if (failures > 0) this.events.onRecovery?.(failures);
        return true;
      } catch (error) {
        if (!(error instanceof CommitError)) throw error;
        this.#settle(error.done, refusedLabs);
        this.events.onLabsCommitted?.(piece.rowsByLab.keys());
        this.#failure = error.message;
        this.#pieceMax = Math.max(PIECE_MIN, Math.floor(piece.observations / 2));
        if (isPiece) remaining.merge(error.remaining);
        else remaining = error.remaining;
        failures += 1;
        if (this.#stopped) return false;
        const delayMs = backOffMs(attempt, RETRY_DELAY_MS);
        attempt += 1;
        this.events.onFailure?.(error, failures, delayMs);
        await this.#wait(delayMs);
        if (this.#stopped) return false;
      }
    }
  }

  #settle(result: CommitResult, refusedLabs: Set<string>): void {
    this.ledger.settle(result);
    for (const lab of result.refusedLabs) refusedLabs.add(lab);
    this.events.onCommit?.(result);
  }

  async #wait(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#wakeRetry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wakeRetry = undefined;
  }
}
