import { isUtf8 } from 'node:buffer';
import {
  type BucketGrid,
  type BucketStore,
  type CommitResult,
  decodeObservation,
  identityOfReceipt,
  isLabId,
  type RejectionReason,
} from '@humtemp/bucket-core';
import { CommitLoop, type CommitLoopEvents } from './commit-loop.js';
import { Ledger } from './ledger.js';

/** Every limit of intake. */
export interface IntakeLimits {
  readonly payloadBytesMax: number;
  /** Elements of one array payload. */
  readonly arrayLengthMax: number;
  /** Observations in flight before sources must stop reading. */
  readonly pendingMax: number;
}

export interface IntakeOptions extends CommitLoopEvents {
  readonly store: BucketStore;
  readonly grid: BucketGrid;
  readonly limits: IntakeLimits;
  /** Unix milliseconds. */
  readonly clock?: () => number;
}

/** Bytes of a payload that a listed rejection shows. */
const EXCERPT_BYTES_MAX = 200;

/**
 * From bytes to committed. Sources hand in publishes and acknowledge them once the batch they went into has settled:
 *
 *     receive() ─▶ decode ─▶ batch `openBatch` ─▶ commit ─▶ settledBatch ≥ that number: acknowledge
 *
 * Whatever is not an observation is counted, listed and settles with its batch: a bad payload never stalls a stream.
 */
export class Intake {
  readonly ledger = new Ledger();
  readonly #loop: CommitLoop;
  readonly #options: IntakeOptions;
  readonly #clock: () => number;
  /** Distinguishes the receipts of this process from those of any other, at any time. */
  readonly #process = (Math.random() * 2 ** 32) | 0;
  #serial = 0;
  #refusedLabs: ReadonlySet<string> = new Set();

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#loop = new CommitLoop(options.store, this.ledger, this.#clock, {
      ...options,
      onCommit: (result) => this.#noteRefused(result),
    });
  }

  /** Number of the batch that the next publish goes into. */
  get openBatch(): number {
    return this.#loop.openBatch;
  }

  /** Number of the newest batch that is settled, with all before it. */
  get settledBatch(): number {
    return this.#loop.settledBatch;
  }

  /** Whether sources must stop reading until `whenBelowLimit` resolves. */
  get isFull(): boolean {
    return this.ledger.inFlight >= this.#options.limits.pendingMax;
  }

  /** Calls the listener whenever a batch has settled. Returns its removal. */
  onSettled(listener: () => void): () => void {
    return this.#loop.onSettled(listener);
  }

  /** Resolves when everything received so far is in the store or was rejected. */
  whenSettled(): Promise<void> {
    return this.#loop.whenSettled();
  }

  /**
   * Takes one payload for a lab: one observation, or an array of them.
   * @param lab the id that the topic gives; checked here.
   * @param source the topic or route, for the list of rejections.
   * @returns the reason of the first rejection in it, or undefined when every observation awaits its commit.
   */
  receive(lab: string, payload: Buffer, source: string, retained = false): RejectionReason | undefined {
    const nowMs = this.#clock();
    const reason = this.#decode(lab, payload, source, retained, nowMs);
    this.#loop.touch();
    return reason;
  }

  /** Whether the last commit refused this lab because there are too many. */
  wasRefused(lab: string): boolean {
    return this.#refusedLabs.has(lab);
  }

  /** Commits what is pending. What the store does not take within `graceMs` stays unacknowledged. */
  async stop(graceMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([this.whenSettled(), grace]);
    clearTimeout(timer);
    this.#loop.abandon();
  }

  #decode(
    lab: string,
    payload: Buffer,
    source: string,
    retained: boolean,
    nowMs: number,
  ): RejectionReason | undefined {
    const { limits } = this.#options;
    const reject = (reason: RejectionReason) => this.#reject(reason, source, payload, nowMs);
    if (payload.length > limits.payloadBytesMax) return reject('payload_too_large');
    if (!isLabId(lab)) return reject('lab_id');
    if (!isUtf8(payload)) return reject('not_utf8');
    let value: unknown;
    try {
      value = JSON.parse(payload.toString('utf8'));
    } catch {
      return reject('not_json');
    }
    if (!Array.isArray(value)) return this.#take(lab, value, source, payload, retained, nowMs);
    if (value.length === 0) return reject('array_empty');
    if (value.length > limits.arrayLengthMax) return reject('array_too_long');
    let first: RejectionReason | undefined;
    for (const element of value) {
      const reason = this.#take(lab, element, source, payload, retained, nowMs);
      first ??= reason;
    }
    return first;
  }

  #take(
    lab: string,
    value: unknown,
    source: string,
    payload: Buffer,
    retained: boolean,
    nowMs: number,
  ): RejectionReason | undefined {
    const observation = decodeObservation(value, this.#options.grid, nowMs);
    if (typeof observation === 'string') return this.#reject(observation, source, payload, nowMs);
    const named = (value as { lab_id?: unknown }).lab_id;
    if (named !== undefined && named !== lab) return this.#reject('lab_id_mismatch', source, payload, nowMs);
    if (observation.timed) this.#loop.pending.addTimed(lab, observation);
    else if (retained) return this.#reject('retained', source, payload, nowMs);
    else {
      const { timestampMs, temp, humidity } = observation;
      const identity = identityOfReceipt(timestampMs, this.#process, this.#serial++);
      this.#loop.pending.add(lab, timestampMs, identity, temp, humidity);
    }
    this.ledger.accept();
    return undefined;
  }

  #reject(reason: RejectionReason, source: string, payload: Buffer, nowMs: number): RejectionReason {
    this.ledger.reject(reason);
    const excerpt = payload.toString('utf8', 0, EXCERPT_BYTES_MAX);
    this.#loop.pending.list({ atMs: nowMs, reason, source, excerpt });
    return reason;
  }

  #noteRefused(result: CommitResult): void {
    this.#refusedLabs = result.refusedLabs;
    this.#options.onCommit?.(result);
  }
}
