import { Batch, type BucketStore, CommitError, type CommitResult } from '@humtemp/bucket-core';
import { backOffMs } from './back-off.js';
import { CommitCounts } from './commit-counts.js';
import type { Ledger } from './ledger.js';

/** What the loop reports, for logs. */
export interface CommitLoopEvents {
  /**
   * A commit failed; it is tried again after `delayMs`, or not at all if that is undefined: we are stopping.
   */
  readonly onFailure?: (error: Error, attempt: number, delayMs: number | undefined) => void;
  /** A commit succeeded after `attempts` failures. */
  readonly onRecovery?: (attempts: number) => void;
  /** What became of observations: of a whole batch, or of the part that a failed commit got done. */
  readonly onCommit?: (result: CommitResult) => void;
  /**
   * The labs of what was committed, or may have been in part: those with nothing but duplicates are among
   * them.
   */
  readonly onLabsCommitted?: (labs: Iterable<string>) => void;
}

/** After this long without a commit there is no lag to speak of. */
const LAG_SHOWN_MS = 60_000;
/** Something that awaits a batch: cheaper to keep than a function of its own. */
export interface SettledListener {
  onSettled(refusedLabs: ReadonlySet<string>): void;
}

export type WhenSettled = SettledListener | ((refusedLabs: ReadonlySet<string>) => void);

const RETRY_DELAY_MS = { min: 50, max: 5000 };
export const NO_LABS: ReadonlySet<string> = new Set();
/** Observations that are not worth dividing any more. */
const PIECE_MIN = 10;

/**
 * Natural batching: whenever something is pending and no commit is in flight, all that is pending is
 * committed:
 *
 *     idle ──receive──▶ scheduled ──turn of the event loop──▶ committing ──nothing pending──▶ idle
 *                                                              │    ▲
 *                                                       failed ▼    │ after a delay, the same batch
 *                                                             waiting
 *
 * After a failure, what remains is committed in pieces, half as large after each failure, twice as large
 * after each success.
 *
 * Every batch has a number, counting up. What is added belongs to the batch `openBatch`; once `settledBatch`
 * has reached that number, it is in the store or was rejected, and may be acknowledged. Batches settle in
 * order.
 */
export class CommitLoop {
  #waiting: WhenSettled[] = [];
  #pending = new Batch();
  #openBatch = 1;
  #settledBatch = 0;
  #touched = false;
  #running = false;
  #stopped = false;
  /** Something was given up: it never settles. */
  #hasGivenUp = false;
  /** Observations that are being committed. */
  #committing = 0;
  #wakeRetry: (() => void) | undefined;
  /**
   * Observations in one commit: halved when one fails, as it may take longer than a slow link or store is
   * given.
   */
  #pieceMax = Infinity;
  #failure: string | undefined;
  /**
   * When the first observation of the open batch came, and of the one that is being committed, Unix
   * milliseconds.
   */
  #pendingSinceMs: number | undefined;
  #committingSinceMs: number | undefined;
  /** The newest timestamp in the open batch, Unix milliseconds. */
  #newestMs = -Infinity;
  #lag = { atMs: -Infinity, lagMs: 0 };

  constructor(
    readonly store: Pick<BucketStore, 'commit'>,
    readonly ledger: Ledger,
    readonly clock: () => number,
    readonly events: CommitLoopEvents = {},
    readonly counts = new CommitCounts(),
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

  /** Observations that await their commit. */
  get inFlight(): number {
    return this.#pending.observations + this.#committing;
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

  /**
   * When the oldest observation came that awaits its commit, Unix milliseconds; undefined if there is none.
   */
  get oldestUncommittedMs(): number | undefined {
    return this.#committingSinceMs ?? this.#pendingSinceMs;
  }

  /**
   * How old the newest observation of the last batch was when it was committed, milliseconds; 0 when there was no batch
   * within a minute.
   */
  get lagMs(): number {
    return this.clock() - this.#lag.atMs > LAG_SHOWN_MS ? 0 : this.#lag.lagMs;
  }

  /**
   * Adds an observation to the open batch; touch() afterwards.
   * @param receivedMs when it came, Unix milliseconds.
   */
  add(
    lab: string,
    timestampMs: number,
    tag: number,
    temp: number,
    humidity: number,
    receivedMs: number,
  ): void {
    this.#pendingSinceMs ??= receivedMs;
    if (timestampMs > this.#newestMs) this.#newestMs = timestampMs;
    this.#pending.add(lab, timestampMs, tag, temp, humidity);
  }

  /**
   * Calls back once, when everything received so far is settled, with the labs whose observations the newest
   * batch had and the store refused because there are too many labs. Never, if that was given up.
   */
  afterSettled(callback: WhenSettled): void {
    if (this.#touched || this.#running) {
      this.touch();
      this.#waiting.push(callback);
    } else if (!this.#hasGivenUp) notify(callback, NO_LABS);
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
      this.#committingSinceMs = this.#pendingSinceMs;
      this.#pendingSinceMs = undefined;
      const newestMs = this.#newestMs;
      this.#newestMs = -Infinity;
      const refusedLabs = batch.isEmpty ? NO_LABS : await this.#commit(batch);
      // What is given up stays uncommitted.
      if (refusedLabs === undefined) {
        this.#hasGivenUp = true;
        break;
      }
      this.#committing = 0;
      this.#committingSinceMs = undefined;
      this.#noteLag(newestMs);
      this.#settledBatch += 1;
      for (const callback of waiting) notify(callback, refusedLabs);
    }
    this.#running = false;
  }

  /** Commits until it succeeds. @returns the labs that were refused; undefined if it was given up. */
  async #commit(batch: Batch): Promise<ReadonlySet<string> | undefined> {
    let remaining = batch;
    const refusedLabs = new Set<string>();
    let failures = 0;
    for (let attempt = 0; ; ) {
      const isPiece = remaining.observations > this.#pieceMax;
      this.#committing = remaining.observations;
      const piece = isPiece ? remaining.take(this.#pieceMax) : remaining;
      const { observations } = piece;
      const beganMs = performance.now();
      try {
        const result = await this.store.commit(piece, this.clock());
        this.counts.seconds.add((performance.now() - beganMs) / 1000);
        this.counts.observations.add(observations);
        this.counts.succeeded += 1;
        this.#settle(result, refusedLabs);
        this.events.onLabsCommitted?.(piece.rowsByLab.keys());
        this.#failure = undefined;
        this.#pieceMax *= 2;
        attempt = 0;
        if (isPiece) {
          if (this.#stopped) return undefined;
          continue;
        }
        if (failures > 0) this.events.onRecovery?.(failures);
        return refusedLabs;
      } catch (error) {
        if (!(error instanceof CommitError)) throw error;
        this.counts.seconds.add((performance.now() - beganMs) / 1000);
        this.counts.failed += 1;
        this.#settle(error.done, refusedLabs);
        this.events.onLabsCommitted?.(piece.rowsByLab.keys());
        this.#failure = error.message;
        this.#pieceMax = Math.max(PIECE_MIN, Math.floor(piece.observations / 2));
        if (isPiece) remaining.merge(error.remaining);
        else remaining = error.remaining;
        failures += 1;
        const delayMs = this.#stopped ? undefined : backOffMs(attempt, RETRY_DELAY_MS);
        this.events.onFailure?.(error, failures, delayMs);
        if (delayMs === undefined) return undefined;
        attempt += 1;
        await this.#wait(delayMs);
        if (this.#stopped) return undefined;
      }
    }
  }

  #settle(result: CommitResult, refusedLabs: Set<string>): void {
    this.ledger.settle(result);
    for (const lab of result.refusedLabs) refusedLabs.add(lab);
    this.events.onCommit?.(result);
  }

  #noteLag(newestMs: number): void {
    const atMs = this.clock();
    // A sensor's clock may run ahead of ours.
    if (newestMs > -Infinity) this.#lag = { atMs, lagMs: Math.max(0, atMs - newestMs) };
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

export function notify(whenSettled: WhenSettled, refusedLabs: ReadonlySet<string>): void {
  if (typeof whenSettled === 'function') whenSettled(refusedLabs);
  else whenSettled.onSettled(refusedLabs);
}
