import {
  ABSENT,
  type BucketGrid,
  type BucketStore,
  decodeObservation,
  isHumidity,
  isLabId,
  isTemp,
  oldestLiveMs,
  type RejectionReason,
  receiptTag,
  sensorTag,
  timeRejection,
  timestampToMs,
  toThousandths,
} from '@humtemp/bucket-core';
import { CanonicalPayload } from './canonical-payload.js';
import { CommitLoop, type CommitLoopEvents } from './commit-loop.js';
import { Ledger } from './ledger.js';
import { decodeUtf8 } from './utf8.js';

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
  readonly #canonical = new CanonicalPayload();
  #oldestLiveAtMs = Number.NaN;
  #oldestLive = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#loop = new CommitLoop(options.store, this.ledger, this.#clock, options);
  }

  /** Number of the batch that the next publish goes into. */
  get openBatch(): number {
    return this.#loop.openBatch;
  }

  /** Number of the newest batch that is settled, with all before it. */
  get settledBatch(): number {
    return this.#loop.settledBatch;
  }

  /** Why the last commit failed; undefined when it succeeded, or there was none. */
  get commitFailure(): string | undefined {
    return this.#loop.failure;
  }

  /** Whether sources must stop reading until a batch has settled. */
  get isFull(): boolean {
    return this.ledger.inFlight >= this.#options.limits.pendingMax;
  }

  /** Calls back once, when everything received so far is in the store or was rejected. Never calls if it is stopped before. */
  afterSettled(callback: () => void): void {
    this.#loop.afterSettled(callback);
  }

  /** Resolves when everything received so far is in the store or was rejected. */
  whenSettled(): Promise<void> {
    return new Promise((resolve) => this.afterSettled(resolve));
  }

  /**
   * Takes one payload for a lab: one observation, or an array of them.
   * @param lab the id that the topic gives; checked here.
   * @param source the topic or route, for the list of rejections.
   * @returns the reason of the first rejection in it, or undefined when every observation awaits its commit.
   */
  receive(lab: string, payload: Buffer, source: string, retained = false): RejectionReason | undefined {
    return this.receiveSlice(lab, payload, 0, payload.length, source, retained);
  }

  /** As `receive`, of a payload that stands within other bytes. `source` is made a text only for a rejection. */
  receiveSlice(
    lab: string,
    bytes: Buffer,
    start: number,
    end: number,
    source: { toString(): string },
    retained: boolean,
  ): RejectionReason | undefined {
    const nowMs = this.#clock();
    const reason = this.#decode(lab, bytes, start, end, source, retained, nowMs);
    if (reason !== undefined) this.#reject(reason, source, bytes, start, end, nowMs);
    this.#loop.touch();
    return reason;
  }

  /** Counts and lists a publish that its source did not let through, for a reason of its own. It settles with the open batch. */
  refuse(
    reason: RejectionReason,
    bytes: Buffer,
    start: number,
    end: number,
    source: { toString(): string },
  ): void {
    this.#reject(reason, source, bytes, start, end, this.#clock());
    this.#loop.touch();
  }

  /** Whether observations of this lab were refused in the newest settled batch, because there are too many labs. */
  wasRefused(lab: string): boolean {
    return this.#loop.refusedLabs.has(lab);
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
    bytes: Buffer,
    start: number,
    end: number,
    source: { toString(): string },
    retained: boolean,
    nowMs: number,
  ): RejectionReason | undefined {
    const { limits } = this.#options;
    if (end - start > limits.payloadBytesMax) return 'payload_too_large';
    if (!isLabId(lab)) return 'lab_id';
    if (!retained && this.#takeCanonical(lab, bytes, start, end, nowMs)) return undefined;
    const text = decodeUtf8(bytes, start, end);
    if (text === undefined) return 'not_utf8';
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return 'not_json';
    }
    if (!Array.isArray(value)) return this.#take(lab, value, retained, nowMs);
    if (value.length === 0) return 'array_empty';
    if (value.length > limits.arrayLengthMax) return 'array_too_long';
    let first: RejectionReason | undefined;
    for (const element of value) {
      const reason = this.#take(lab, element, retained, nowMs);
      if (reason === undefined) continue;
      // The first is counted by the caller.
      if (first !== undefined) this.#reject(reason, source, bytes, start, end, nowMs);
      first ??= reason;
    }
    return first;
  }

  /** Adds an observation that is written as almost all are. False: it needs the general way, for good or ill. */
  #takeCanonical(lab: string, bytes: Buffer, start: number, end: number, nowMs: number): boolean {
    const payload = this.#canonical;
    if (!payload.read(bytes, start, end)) return false;
    const { timestamp, temp, humidity, sensor } = payload;
    if (temp === undefined && humidity === undefined) return false;
    if ((temp !== undefined && !isTemp(temp)) || (humidity !== undefined && !isHumidity(humidity)))
      return false;
    const tempFixed = temp === undefined ? ABSENT : toThousandths(temp);
    const humidityFixed = humidity === undefined ? ABSENT : toThousandths(humidity);
    if (timestamp === undefined) this.#addUntimed(lab, nowMs, tempFixed, humidityFixed);
    else {
      const timestampMs = timestampToMs(timestamp);
      if (timestampMs === undefined) return false;
      if (timeRejection(timestampMs, this.#oldestLiveMs(nowMs), nowMs) !== undefined) return false;
      this.#loop.pending.add(lab, timestampMs, sensorTag(sensor), tempFixed, humidityFixed);
    }
    this.ledger.accept();
    return true;
  }

  #addUntimed(lab: string, nowMs: number, temp: number, humidity: number): void {
    this.#loop.pending.add(lab, nowMs, receiptTag(this.#process, this.#serial++), temp, humidity);
  }

  /** Computed once a millisecond. */
  #oldestLiveMs(nowMs: number): number {
    if (nowMs !== this.#oldestLiveAtMs) {
      this.#oldestLiveAtMs = nowMs;
      this.#oldestLive = oldestLiveMs(this.#options.grid, nowMs);
    }
    return this.#oldestLive;
  }

  /** Adds an observation to the batch, or says why it is none. */
  #take(lab: string, value: unknown, retained: boolean, nowMs: number): RejectionReason | undefined {
    const observation = decodeObservation(value, this.#options.grid, nowMs);
    if (typeof observation === 'string') return observation;
    const named = (value as { lab_id?: unknown }).lab_id;
    if (named !== undefined && named !== lab) return 'lab_id_mismatch';
    if (observation.timed) this.#loop.pending.addTimed(lab, observation);
    else if (retained) return 'retained';
    else this.#addUntimed(lab, nowMs, observation.temp, observation.humidity);
    this.ledger.accept();
    return undefined;
  }

  #reject(
    reason: RejectionReason,
    source: { toString(): string },
    bytes: Buffer,
    start: number,
    end: number,
    nowMs: number,
  ): void {
    this.ledger.reject(reason);
    const excerpt = bytes.toString('utf8', start, Math.min(end, start + EXCERPT_BYTES_MAX));
    this.#loop.pending.list({ atMs: nowMs, reason, source: source.toString(), excerpt });
  }
}
