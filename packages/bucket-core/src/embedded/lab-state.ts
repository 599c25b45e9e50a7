import { type Aggregate, emptyAggregate, mergeAggregate } from '../aggregate/aggregate.js';
import type { IdentitySet } from './identity-set.js';

/** A bucket of a lab in memory. Empty until the commit that it was made for succeeds. */
export interface HeldBucket {
  /** Index of its resolution in the grid. */
  readonly resolution: number;
  readonly startS: number;
  readonly aggregate: Aggregate;
  /** Whether it differs from what is on the disk. */
  isDirty: boolean;
  /** Whether it was asked for since the lab was last saved. */
  isUsed: boolean;
}

/** The identities of one hour of a lab in memory. */
export interface HeldHour {
  /** Whole hours since 1970. */
  readonly hour: number;
  readonly identities: IdentitySet;
  /** Those that are not on the disk yet. */
  unsaved: number[];
  /** Whether what is on the disk has expired, and these take its place. */
  replaces: boolean;
  isUsed: boolean;
}

/**
 * Where observations of a lab go that were measured in [fromMs, toMs). They are added up here, and go into the buckets
 * when somebody looks at those: a bucket for each resolution, with histograms, costs more than one sum.
 */
export interface HeldSpan {
  readonly fromMs: number;
  readonly toMs: number;
  /** Unix milliseconds, from when on one of the places is no longer kept. */
  readonly untilMs: number;
  /** Undefined: deduplication is off. */
  readonly hour: HeldHour | undefined;
  /** Of every resolution whose bucket has not expired. */
  readonly buckets: readonly HeldBucket[];
  /** What is not in the buckets yet. */
  added: Aggregate | undefined;
}

/** Rough size of an aggregate and what holds it: 16 numbers on the heap, and some bins. */
const BUCKET_BYTES = 900;
const LAB_BYTES = 400;

/** What the embedded store has in memory of one lab: all that changed since it was last saved, and what is in use. */
export class LabState {
  buckets: HeldBucket[] = [];
  hours: HeldHour[] = [];
  /** Unix seconds of its newest observation, whatever bucket that is in; 0: there is none. */
  newestS = 0;
  /** Number of the newest journal record that the disk has of it; later ones are in memory. */
  upTo = 0;
  /** Whether the disk knows the lab. */
  isSaved = false;
  /** Number of the first journal record that touched it since it was last saved. */
  activeSince = 0;
  /** `bytes` and `records` when it was last looked at. */
  readonly measured = { bytes: 0, records: 0 };
  /** Where its latest observations went; undefined after it was saved. */
  #span: HeldSpan | undefined;

  constructor(readonly lab: string) {}

  /** Records that saving it writes, at most. */
  get records(): number {
    return 1 + this.buckets.length + this.hours.length;
  }

  get bytes(): number {
    let bytes = LAB_BYTES + this.buckets.length * BUCKET_BYTES;
    if (this.#span !== undefined) bytes += BUCKET_BYTES;
    for (const { identities, unsaved } of this.hours) bytes += identities.bytes + unsaved.length * 8;
    return bytes;
  }

  get span(): HeldSpan | undefined {
    return this.#span;
  }

  /** What to add to, for observations of this span. */
  addingTo(span: HeldSpan): Aggregate {
    if (this.#span !== span) {
      this.fold();
      this.#span = span;
      for (const bucket of span.buckets) bucket.isUsed = true;
      if (span.hour !== undefined) span.hour.isUsed = true;
    }
    span.added ??= emptyAggregate(
      span.buckets.some(({ aggregate }) => aggregate.temp.histogram !== undefined),
    );
    return span.added;
  }

  /** Brings the buckets up to date. */
  fold(): void {
    const span = this.#span;
    if (span?.added === undefined || span.added.observations === 0) return;
    for (const bucket of span.buckets) {
      mergeAggregate(bucket.aggregate, span.added);
      bucket.isDirty = true;
    }
    span.added = undefined;
  }

  /** One in memory; what it holds may be behind until the next fold(). */
  bucket(resolution: number, startS: number): HeldBucket | undefined {
    return this.buckets.findLast((held) => held.startS === startS && held.resolution === resolution);
  }

  hour(hour: number): HeldHour | undefined {
    return this.hours.findLast((held) => held.hour === hour);
  }

  /** Its aggregate of a bucket, if that is in memory. */
  aggregate(resolution: number, startS: number): Aggregate | undefined {
    this.fold();
    const held = this.bucket(resolution, startS);
    return held === undefined || held.aggregate.observations === 0 ? undefined : held.aggregate;
  }

  addBucket(resolution: number, startS: number, aggregate: Aggregate): HeldBucket {
    const held: HeldBucket = { resolution, startS, aggregate, isDirty: false, isUsed: true };
    this.buckets.push(held);
    return held;
  }

  addHour(hour: number, identities: IdentitySet, replaces = false): HeldHour {
    const held: HeldHour = { hour, identities, unsaved: [], replaces, isUsed: true };
    if (replaces) this.hours = this.hours.filter((other) => other.hour !== hour);
    this.hours.push(held);
    return held;
  }

  /** All of it is on the disk, up to this journal record. Lets go of what was not used since the last time. */
  markSaved(upTo: number): void {
    this.upTo = upTo;
    this.isSaved = true;
    this.#span = undefined;
    this.buckets = this.buckets.filter((held) => held.isUsed);
    this.hours = this.hours.filter((held) => held.isUsed);
    for (const held of this.buckets) {
      held.isDirty = false;
      held.isUsed = false;
    }
    for (const held of this.hours) {
      if (held.unsaved.length > 0) held.replaces = false;
      held.unsaved = [];
      held.isUsed = false;
    }
  }
}
