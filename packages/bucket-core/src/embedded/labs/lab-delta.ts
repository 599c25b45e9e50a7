import { type Aggregate, addObservation, emptyAggregate, mergeAggregate } from '../../aggregate/aggregate.js';
import { identityHour, identityOf } from '../../observation/identity.js';
import { ROW_LENGTH } from '../../store/batch.js';
import { DamagedValueError } from '../tables/table-set.js';
import type { HourIdentities } from './hour-identities.js';

/** What a bucket of a lab got since the lab was last saved. */
export interface ChangedBucket {
  /** Index of its resolution in the grid. */
  readonly resolution: number;
  readonly startS: number;
  readonly aggregate: Aggregate;
  /** Whether it may hold an observation twice, because what would show that is damaged. It is not shown, then. */
  isDoubtful: boolean;
}

/**
 * Where observations of a lab go that were measured in [fromMs, toMs). They are added up here, and go into the buckets
 * when somebody looks at those: a bucket for each resolution, with histograms, costs more than one sum.
 */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** Unix milliseconds, from when on one of the places is no longer kept. */
  readonly untilMs: number;
  /** Undefined: deduplication is off. */
  readonly hour: HourIdentities | undefined;
  /** Of every resolution whose bucket has not expired. */
  readonly buckets: readonly ChangedBucket[];
  /** What is not in the buckets yet. */
  added: Aggregate | undefined;
}

/** Rough size of an aggregate and what holds it: 16 numbers on the heap, and some bins. */
const BUCKET_BYTES = 900;
const LAB_BYTES = 350;

/**
 * What a lab got since it was last saved. The first observations are kept as they came; beyond a few, they are added up:
 *
 *     rows ──unfold──▶ buckets and identities
 */
export class LabDelta {
  /** Of one hour, while there is nothing else. */
  rows: number[] | undefined;
  buckets: ChangedBucket[] = [];
  hours: HourIdentities[] = [];
  /** When its newest observation was measured, of all there are, Unix milliseconds. */
  newestMs: number;
  /** `bytes` when it was last looked at. */
  measuredBytes = 0;
  #span: Span | undefined;
  /** Where among the buckets the last one was found that was looked for. */
  #found = 0;

  /**
   * @param isNew whether no table has its name
   * @param floorMs newestMs of what is saved; −∞: nothing is. Whatever is newer is here
   * @param floorIdentities how many identities the hour of floorMs has
   */
  constructor(
    readonly lab: string,
    readonly hash: number,
    readonly check: number,
    public isNew: boolean,
    readonly floorMs: number,
    readonly floorIdentities: number,
  ) {
    this.newestMs = floorMs;
  }

  get bytes(): number {
    let bytes = LAB_BYTES + this.buckets.length * BUCKET_BYTES + (this.rows?.length ?? 0) * 8;
    if (this.#span !== undefined) bytes += BUCKET_BYTES;
    for (const hour of this.hours) bytes += hour.bytes;
    return bytes;
  }

  get span(): Span | undefined {
    return this.#span;
  }

  get isEmpty(): boolean {
    return this.rows === undefined && this.buckets.length === 0;
  }

  /** How many identities the hour of its newest observation has. */
  get newestIdentities(): number {
    const hour = identityHour(this.newestMs);
    if (this.rows !== undefined) return this.identitiesBefore(hour) + this.rows.length / ROW_LENGTH;
    return this.hour(hour)?.count ?? this.identitiesBefore(hour);
  }

  /** Of an hour that is not before that of floorMs: how many identities were saved. */
  identitiesBefore(hour: number): number {
    return hour === identityHour(this.floorMs) ? this.floorIdentities : 0;
  }

  /** What to add to, for observations of this span. */
  addingTo(span: Span): Aggregate {
    if (this.#span !== span) {
      this.fold();
      this.#span = span;
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
    for (const bucket of span.buckets) mergeAggregate(bucket.aggregate, span.added);
    span.added = undefined;
  }

  /** One that is here; what it holds may be behind until the next fold(). */
  bucket(resolution: number, startS: number): ChangedBucket | undefined {
    const { buckets } = this;
    const isIt = (at: number) => buckets[at]!.startS === startS && buckets[at]!.resolution === resolution;
    // Most are looked for in the order in which they came.
    const from = Math.min(this.#found, buckets.length);
    let at = from;
    while (at < buckets.length && !isIt(at)) at++;
    if (at === buckets.length) for (at = from - 1; at >= 0 && !isIt(at); ) at--;
    if (at < 0) return undefined;
    this.#found = at;
    return buckets[at];
  }

  hour(hour: number): HourIdentities | undefined {
    return this.hours.findLast((one) => one.hour === hour);
  }

  /** Whether an observation of an hour is among what came since. */
  hasIdentity(hour: number, identity: number): boolean {
    if (this.rows !== undefined) {
      const { rows } = this;
      for (let i = 0; i < rows.length; i += ROW_LENGTH)
        if (identityOf(rows[i]!, rows[i + 2]!, rows[i + 3]!, rows[i + 1]!) === identity)
          return identityHour(rows[i]!) === hour;
      return false;
    }
    return this.hour(hour)?.has(identity) ?? false;
  }

  /** What came into a bucket; undefined: nothing, or there are rows. @throws DamagedValueError */
  aggregate(resolution: number, startS: number): Aggregate | undefined {
    this.fold();
    const changed = this.bucket(resolution, startS);
    if (changed?.isDoubtful) throw new DamagedValueError(this.lab, 'its identities');
    return changed?.aggregate;
  }

  /** Adds those of the rows that were measured in [startS, startS + durationS). */
  addRows(aggregate: Aggregate, startS: number, durationS: number): void {
    const rows = this.rows ?? [];
    const fromMs = startS * 1000;
    const toMs = fromMs + durationS * 1000;
    for (let i = 0; i < rows.length; i += ROW_LENGTH) {
      const timestampMs = rows[i]!;
      if (timestampMs >= fromMs && timestampMs < toMs)
        addObservation(aggregate, timestampMs, rows[i + 2]!, rows[i + 3]!);
    }
  }
}
