import {
  type Aggregate,
  addObservation,
  copyAggregate,
  emptyAggregate,
  mergeAggregate,
} from '../../aggregate/aggregate.js';
import { keepsHistograms } from '../../aggregate/histogram.js';
import { unpackAggregate } from '../../aggregate/packed-aggregate.js';
import { bucketExpiryS, bucketStartS, type Resolution, reachS } from '../../grid/bucket-grid.js';
import { ROW_LENGTH } from '../../store/batch.js';
import type { LabBucket } from '../../store/bucket-store.js';
import type { StoreOptions } from '../../store/store-options.js';
import type { Cursor } from '../tables/cursor.js';
import { DamagedValueError, TableSet, valueAt } from '../tables/table-set.js';
import { Delta } from './delta.js';
import { isDoubtful } from './doubtful.js';
import type { LabDelta } from './lab-delta.js';
import { labCheck, labHash } from './lab-hash.js';
import { LabHeads } from './lab-heads.js';

/** Why a value of a lab is left out. */
export type ReportDamage = (lab: string | undefined, place: string, reason: string) => void;

/**
 * Every lab's buckets. A bucket is the sum of what stands in three places:
 *
 *     tables   what was saved, on the disk
 *     frozen   what is being saved, while a checkpoint goes on
 *     active   what was committed since that began
 */
export class LabBuckets {
  readonly tables = new TableSet();
  readonly heads = new LabHeads();
  active = new Delta();
  frozen: Delta | undefined;
  /** Those of earlier configurations that buckets are left of. */
  formerResolutions: readonly Resolution[] = [];
  readonly longestLivedFirst: readonly Resolution[];

  constructor(
    readonly options: StoreOptions,
    readonly onDamage: ReportDamage,
  ) {
    this.longestLivedFirst = [...options.grid.resolutions].sort((a, b) => reachS(b) - reachS(a));
  }

  /** Labs known. */
  get count(): number {
    return this.heads.count + (this.frozen?.newLabs.size ?? 0) + this.active.newLabs.size;
  }

  isKnown(lab: string): boolean {
    if (this.active.get(lab) !== undefined || this.frozen?.get(lab) !== undefined) return true;
    return this.heads.find(labHash(lab), labCheck(lab)) >= 0;
  }

  /** Unix milliseconds of a lab's newest observation; undefined if it is not known. */
  newestMs(lab: string): number | undefined {
    const delta = this.active.get(lab) ?? this.frozen?.get(lab);
    if (delta !== undefined) return delta.newestMs;
    const place = this.heads.find(labHash(lab), labCheck(lab));
    return place < 0 ? undefined : this.heads.newestMs(place);
  }

  /** What a lab has in memory, the saved part first. */
  *deltasOf(lab: string): Generator<LabDelta> {
    const frozen = this.frozen?.get(lab);
    if (frozen !== undefined) yield frozen;
    const active = this.active.get(lab);
    if (active !== undefined) yield active;
  }

  /** One bucket of a lab. What is read is a copy. @throws DamagedValueError; DiskError */
  bucket(lab: string, durationS: number, startS: number, withHistograms = true): Aggregate | undefined {
    const hash = labHash(lab);
    const { buckets, rows } = this.tables.sources(durationS, startS);
    const sum = new BucketSum(lab, durationS, startS, withHistograms);
    for (const cursor of buckets) sum.addPacked(valueAt(cursor, hash, lab));
    for (const cursor of rows) sum.addRows(valueAt(cursor, hash, lab));
    this.addDeltas(sum, lab);
    return sum.result;
  }

  /** Adds what is in memory of a lab. */
  addDeltas(sum: BucketSum, lab: string): void {
    const frozen = this.frozen?.get(lab);
    const active = this.active.get(lab);
    if (frozen === undefined && active === undefined) return;
    const resolution = this.options.grid.resolutions.findIndex((one) => one.durationS === sum.durationS);
    if (frozen !== undefined) sum.addDelta(frozen, resolution);
    if (active !== undefined) sum.addDelta(active, resolution);
  }

  /**
   * A lab's newest bucket of the longest-lived resolution; undefined if it has none that is still kept. Where that has
   * no bucket because it is new, one of the resolution that is kept next longest.
   */
  newest(lab: string, nowMs: number, withHistograms = true): LabBucket | undefined {
    const newestMs = this.newestMs(lab);
    if (newestMs === undefined || this.isForgotten(newestMs, nowMs)) return undefined;
    for (const resolution of this.longestLivedFirst) {
      const startS = this.#startS(newestMs, resolution);
      if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) continue;
      const aggregate = this.bucket(lab, resolution.durationS, startS, withHistograms);
      if (aggregate !== undefined) return { lab, startS, aggregate };
    }
    return undefined;
  }

  /** Runs a read of one lab; if what it needs is damaged, reports that and leaves it out. */
  orLeftOut<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.reportDamaged(error);
      return undefined;
    }
  }

  /** @throws what is no DamagedValueError */
  reportDamaged(error: unknown): void {
    if (!(error instanceof DamagedValueError)) throw error;
    this.onDamage(error.lab, error.place, 'it is damaged');
  }

  /** Whether no resolution keeps a lab's newest observation any more. */
  isForgotten(newestMs: number, nowMs: number): boolean {
    for (const one of this.longestLivedFirst)
      if (bucketExpiryS(this.#startS(newestMs, one), one) * 1000 > nowMs) return false;
    return true;
  }

  /** Seconds from a lab's newest observation until nothing at all of it is kept any more, in any resolution. */
  get keptS(): number {
    const resolutions = [...this.options.grid.resolutions, ...this.formerResolutions];
    return Math.max(...resolutions.map(({ durationS }) => durationS)) + Math.max(...resolutions.map(reachS));
  }

  #startS(timeMs: number, { durationS }: Resolution): number {
    return bucketStartS(timeMs, durationS, this.options.grid.alignmentS);
  }
}

/** One bucket of one lab, summed up from wherever parts of it are. */
export class BucketSum {
  #sum: Aggregate | undefined;

  constructor(
    readonly lab: string,
    readonly durationS: number,
    readonly startS: number,
    readonly withHistograms: boolean,
  ) {}

  /** @throws DamagedValueError, where it is in doubt. */
  addPacked(value: Buffer | undefined): void {
    if (value === undefined) return;
    if (isDoubtful(value)) throw new DamagedValueError(this.lab, 'its identities');
    const aggregate = unpackAggregate(value, this.withHistograms);
    if (this.#sum === undefined) this.#sum = aggregate;
    else mergeAggregate(this.#sum, aggregate);
  }

  addRows(value: Buffer | undefined): void {
    if (value === undefined) return;
    const fromMs = this.startS * 1000;
    const toMs = fromMs + this.durationS * 1000;
    // Where they stand: most rows of the hour are of other buckets.
    for (let at = 0; at < value.length; at += 8 * ROW_LENGTH) {
      const timestampMs = value.readDoubleLE(at);
      if (timestampMs >= fromMs && timestampMs < toMs)
        addObservation(this.#made, timestampMs, value.readDoubleLE(at + 16), value.readDoubleLE(at + 24));
    }
  }

  addDelta(delta: LabDelta, resolution: number): void {
    if (delta.rows !== undefined) {
      delta.addRows(this.#made, this.startS, this.durationS);
      return;
    }
    const aggregate = delta.aggregate(resolution, this.startS);
    if (aggregate === undefined) return;
    if (this.#sum === undefined) this.#sum = copyAggregate(aggregate, this.withHistograms);
    else mergeAggregate(this.#sum, aggregate);
  }

  /** Adds the value that a cursor stands at. */
  addAt(cursor: Cursor, isRows: boolean): void {
    if (isRows) this.addRows(cursor.value);
    else this.addPacked(cursor.value);
  }

  /** Undefined: no observation is in it. */
  get result(): Aggregate | undefined {
    return this.#sum === undefined || this.#sum.observations === 0 ? undefined : this.#sum;
  }

  get #made(): Aggregate {
    this.#sum ??= emptyAggregate(this.withHistograms && keepsHistograms(this.durationS));
    return this.#sum;
  }
}
