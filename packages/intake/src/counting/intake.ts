import {
  type BucketGrid,
  type BucketStore,
  type CommitResult,
  FUTURE_MS_MAX,
  type RejectionReason,
} from '@humtemp/bucket-core';
import type { Publish, PublishSource } from '../topics/publish-source.js';
import { CanonicalPayload } from './canonical-payload.js';
import type { CommitCounts } from './commit-counts.js';
import { CommitLanes } from './commit-lanes.js';
import type { CommitLoopEvents, WhenSettled } from './commit-loop.js';
import { decodeLabPayload } from './labs-source.js';
import { Ledger } from './ledger.js';
import { PayloadSlice } from './payload-slice.js';
import { Receiving } from './receiving.js';
import { type RejectionNote, SourceTally } from './source-tally.js';
import { type UnmatchedNote, UnmatchedTopics } from './unmatched-topics.js';

/** Every limit of intake. */
export interface IntakeLimits {
  readonly payloadBytesMax: number;
  /** Elements of one array payload. */
  readonly arrayLengthMax: number;
  /** Observations in flight before sources must stop reading. */
  readonly pendingMax: number;
  /** How far ahead of the clock a timestamp may be, milliseconds. */
  readonly futureMsMax?: number;
}

export interface IntakeOptions extends CommitLoopEvents {
  readonly store: Pick<BucketStore, 'commit' | 'lanes'>;
  readonly grid: BucketGrid;
  readonly limits: IntakeLimits;
  /** Unix milliseconds. */
  readonly clock?: () => number;
  /** Something was rejected: at once, and then once a minute for each source and reason. */
  readonly onRejected?: (note: RejectionNote) => void;
  /** The first publish of a pattern of topics that no source knows. */
  readonly onUnmatched?: (note: UnmatchedNote) => void;
}

/**
 * From bytes to committed. Taps and routes hand in publishes and acknowledge them once the batch they went
 * into has settled:
 *
 *     take() ─▶ the source decodes ─▶ a batch; `receipt` ─▶ commit ─▶ isSettled(that receipt): acknowledge
 *
 * Whatever is not an observation is counted, listed and settles with its batch: a bad payload never stalls a
 * stream.
 */
export class Intake {
  readonly ledger = new Ledger();
  /** Publishes on topics of no source. */
  readonly unmatched = new UnmatchedTopics((note) => this.#options.onUnmatched?.(note));
  readonly #lanes: CommitLanes;
  readonly #options: IntakeOptions;
  readonly #clock: () => number;
  readonly #receiving: Receiving;
  readonly #tallies = new Map<string, SourceTally>();
  /** The source of the last publish, and its tally: most often it is that of the next. */
  #source: PublishSource | undefined;
  #tally: SourceTally | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#lanes = new CommitLanes(options.store, this.ledger, this.#clock, {
      ...options,
      onCommit: (result) => {
        this.#noteRefused(result);
        options.onCommit?.(result);
      },
    });
    const { arrayLengthMax, futureMsMax = FUTURE_MS_MAX } = options.limits;
    this.#receiving = new Receiving(this.#lanes, this.ledger, options.grid, { arrayLengthMax, futureMsMax });
  }

  /** Where the publish went that was taken or refused last: to ask after it. */
  get receipt(): number {
    return this.#lanes.receipt;
  }

  /** Whether a publish is in the store or was rejected. */
  isSettled(receipt: number): boolean {
    return this.#lanes.isSettled(receipt);
  }

  /** Why the last commit failed; undefined when it succeeded, or there was none. */
  get commitFailure(): string | undefined {
    return this.#lanes.failure;
  }

  /** Commits of this process since it began. */
  get commits(): CommitCounts {
    return this.#lanes.counts;
  }

  /**
   * When the oldest observation came that awaits its commit, Unix milliseconds; undefined if there is none.
   */
  get oldestUncommittedMs(): number | undefined {
    return this.#lanes.oldestUncommittedMs;
  }

  /**
   * How old the newest observation of the last batch was when it was committed, milliseconds; 0 when there was no batch
   * within a minute.
   */
  get lagMs(): number {
    return this.#lanes.lagMs;
  }

  /** The time by the clock of intake, Unix milliseconds. */
  get nowMs(): number {
    return this.#clock();
  }

  /** Whether sources must stop reading until a batch has settled. */
  get isFull(): boolean {
    return this.#lanes.isFull(this.#options.limits.pendingMax);
  }

  /** Whether a source must stop reading whose last publish this was; undefined: it has had none. */
  isFullFor(receipt: number | undefined): boolean {
    return this.#lanes.isFullFor(receipt, this.#options.limits.pendingMax);
  }

  /** Observations without a timestamp so far, which count at their receipt. */
  get unstamped(): number {
    return this.#receiving.unstamped;
  }

  /** What became of the publishes of each source, by its name. */
  get tallies(): ReadonlyMap<string, SourceTally> {
    return this.#tallies;
  }

  /**
   * Calls back once, when everything received so far is in the store or was rejected, with the labs that the
   * newest batch was refused for because there are too many. Never calls if it is stopped before.
   * @param receipt of the publish that is waited for, and of no other. Without: of all.
   */
  afterSettled(callback: WhenSettled, receipt?: number): void {
    this.#lanes.afterSettled(callback, receipt);
  }

  /** Resolves as `afterSettled` calls back. */
  whenSettled(receipt?: number): Promise<ReadonlySet<string>> {
    return new Promise((resolve) => this.afterSettled(resolve, receipt));
  }

  /**
   * Takes one publish of a source.
   * @param match what the topic said to the source.
   * @returns the reason of the first rejection in it, or undefined when every observation awaits its commit.
   */
  take(source: PublishSource, match: unknown, publish: Publish): RejectionReason | undefined {
    const receiving = this.#receiving;
    this.#begin(source, publish);
    if (publish.payload.length > this.#options.limits.payloadBytesMax) receiving.reject('payload_too_large');
    else source.decode(match, publish, receiving);
    const reason = receiving.end();
    this.#lanes.touch();
    return reason;
  }

  /**
   * Takes one payload of our own format for a lab. @param topic the topic or route, for the list of
   * rejections.
   */
  receive(
    lab: string,
    payload: Buffer,
    topic: string,
    as: Partial<Publish> = {},
  ): RejectionReason | undefined {
    return this.take(HANDED_IN, lab, { topic, payload: PayloadSlice.of(payload), isReplayed: false, ...as });
  }

  /**
   * Counts and lists a publish that did not come through, for a reason of its own. It settles with the open
   * batch.
   */
  refuse(source: PublishSource, reason: RejectionReason, publish: Publish): void {
    this.#begin(source, publish);
    this.#receiving.reject(reason);
    this.#lanes.touch();
  }

  /** Commits what is pending. What the store does not take within `graceMs` stays unacknowledged. */
  async stop(graceMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([this.whenSettled(), grace]);
    clearTimeout(timer);
    this.#lanes.abandon();
  }

  #begin(source: PublishSource, publish: Publish): void {
    if (source !== this.#source) {
      this.#source = source;
      this.#tally = this.#tallyOf(source.name);
    }
    this.#receiving.begin(publish, this.#tally!, publish.receivedMs ?? this.#clock());
  }

  /** What the store refused, of whichever source. */
  #noteRefused({ tooManyLabs, refusedLabs, expired }: CommitResult): void {
    const note = (reason: RejectionReason, count: number, lab = '') => {
      if (count === 0) return;
      const example = { atMs: this.#clock(), topic: lab, excerpt: '' };
      this.#tallyOf('store').reject(reason, false, example, count);
    };
    note('too_many_labs', tooManyLabs, refusedLabs.values().next().value);
    note('expired', expired);
  }

  #tallyOf(source: string): SourceTally {
    let tally = this.#tallies.get(source);
    if (tally === undefined) {
      tally = new SourceTally(source, (note) => this.#options.onRejected?.(note));
      this.#tallies.set(source, tally);
    }
    return tally;
  }
}

const canonical = new CanonicalPayload();

/** Our own format, of a lab that somebody else than a topic names. */
const HANDED_IN: PublishSource = {
  name: 'http',
  filters: [],
  match: () => undefined,
  decode: (lab, publish, into) => decodeLabPayload(canonical, lab as string, publish, into),
};
