import { addObservation, emptyAggregate, lastMs, mergeAggregate } from '../../aggregate/aggregate.js';
import { keepsHistograms } from '../../aggregate/histogram.js';
import { type BucketGrid, bucketExpiryS, reachS } from '../../grid/bucket-grid.js';
import { identityHour, identityOf } from '../../observation/identity.js';
import { type Batch, ROW_LENGTH } from '../../store/batch.js';
import { type BatchPart, partsOf } from '../../store/batch-part.js';
import type { StoredBucket } from '../../store/bucket-restore.js';
import type { CommitResult } from '../../store/commit-result.js';
import { IDENTITIES_MAX, identitiesExpiryS } from '../../store/deduplication.js';
import type { Cursor } from '../tables/cursor.js';
import { numbersOf, valueAt } from '../tables/table-set.js';
import { HourIdentities } from './hour-identities.js';
import { copyIdentities, countIdentities } from './identity-chunks.js';
import type { LabBuckets } from './lab-buckets.js';
import { type ChangedBucket, LabDelta, type Span } from './lab-delta.js';
import { labCheck, labHash } from './lab-hash.js';

/** Observations of a lab that are kept as they came. */
const ROWS_KEPT_MAX = 8;
const HOUR_MS = 3_600_000;

/** Rows with everything in memory that they change: nothing can fail any more when they are applied. */
export interface PreparedBatch {
  readonly nowMs: number;
  readonly parts: readonly PreparedPart[];
  /** Rows that no resolution keeps any more. */
  readonly expired: number;
}

/** Rows of a lab that go to the same places. Without a span, they are kept as they are. */
interface PreparedPart {
  readonly state: LabDelta;
  readonly rows: readonly number[];
  readonly span: Span | undefined;
  /** Whether the lab has all that they change already. */
  readonly isMore: boolean;
}

/** Puts batches of rows into the deltas of their labs. */
export class RowCommits {
  /** Whether every observation of the current hour is in some bucket that is still kept. */
  readonly #keepsHour: boolean;
  readonly #grid: BucketGrid;
  readonly #horizonS: number;
  /** When the identities of an hour may be forgotten that was committed in that second. */
  readonly #expiry = { hour: Number.NaN, second: Number.NaN, expiryS: Number.NaN };

  constructor(readonly labs: LabBuckets) {
    const { grid, deduplicationHorizonS } = labs.options;
    this.#grid = grid;
    this.#horizonS = deduplicationHorizonS;
    this.#keepsHour = grid.resolutions.some((one) => reachS(one) - one.durationS >= 3600);
  }

  /**
   * Prepares rows of one lab after the other. Those of a lab that cannot be prepared go to `failed`, with the reason.
   */
  prepare(
    rowsByLab: ReadonlyMap<string, readonly number[]>,
    nowMs: number,
    failed: { batch: Batch; cause: unknown },
  ): PreparedBatch {
    const parts: PreparedPart[] = [];
    let expired = 0;
    rowsByLab.forEach((rows, lab) => {
      try {
        expired += this.#prepareLab(lab, rows, nowMs, parts);
      } catch (error) {
        failed.batch.addRows(lab, rows);
        failed.cause = error;
      }
    });
    return { nowMs, parts, expired };
  }

  /** Counts what was prepared. */
  apply({ nowMs, parts, expired }: PreparedBatch, result: CommitResult): void {
    result.expired += expired;
    const { active } = this.labs;
    for (const { state, rows, span, isMore } of parts) {
      let remembered = 0;
      if (span === undefined) this.#keepRows(state, rows, result);
      else remembered = this.#addRows(state, rows, span, nowMs, result);
      // To measure a lab anew each time costs as much as to add.
      if (isMore) active.grow(state, remembered);
      else active.touch(state);
    }
  }

  /** Puts a bucket that the lab has not: nothing is known of its observations but what they add up to. */
  addBucket({ lab, durationS, startS, aggregate }: StoredBucket): void {
    const state = this.labs.active.get(lab) ?? this.#newDelta(lab);
    const resolution = this.#grid.resolutions.findIndex((one) => one.durationS === durationS);
    this.#unfold(state);
    mergeAggregate(this.#bucketToChange(state, resolution, startS).aggregate, aggregate);
    state.newestMs = Math.max(state.newestMs, lastMs(aggregate));
    this.labs.active.touch(state);
  }

  /** @returns how many have expired */
  #prepareLab(lab: string, rows: readonly number[], nowMs: number, parts: PreparedPart[]): number {
    let fromMs = rows[0]!;
    let lastMs = fromMs;
    for (let i = ROW_LENGTH; i < rows.length; i += ROW_LENGTH) {
      const timestampMs = rows[i]!;
      if (timestampMs < fromMs) fromMs = timestampMs;
      else if (timestampMs > lastMs) lastMs = timestampMs;
    }
    const state = this.labs.active.get(lab) ?? this.#newDelta(lab);
    // Almost always a lab's observations go where the ones before them went.
    const { span } = state;
    if (span !== undefined && nowMs < span.untilMs && fromMs >= span.fromMs && lastMs < span.toMs) {
      const hasRead = fromMs <= state.floorMs && this.#loadStored(state, rows, span, nowMs);
      parts.push({ state, rows, span, isMore: !hasRead });
      return 0;
    }
    if (this.#canKeep(state, rows, fromMs, lastMs, nowMs)) {
      parts.push({ state, rows, span: undefined, isMore: false });
      return 0;
    }
    this.#unfold(state);
    const split = partsOf(lab, rows, this.#grid, nowMs);
    const prepared = split.parts.map((part) => {
      const to = this.#spanOf(state, part, nowMs);
      if (fromMs <= state.floorMs) this.#loadStored(state, part.rows, to, nowMs);
      return { state, rows: part.rows, span: to, isMore: false };
    });
    parts.push(...prepared);
    return split.expired;
  }

  #newDelta(lab: string): LabDelta {
    const { frozen, heads } = this.labs;
    const hash = labHash(lab);
    const check = labCheck(lab);
    const before = frozen?.get(lab);
    if (before !== undefined)
      return new LabDelta(lab, hash, check, false, before.newestMs, before.newestIdentities);
    const place = heads.find(hash, check);
    if (place < 0) return new LabDelta(lab, hash, check, true, Number.NEGATIVE_INFINITY, 0);
    return new LabDelta(lab, hash, check, false, heads.newestMs(place), heads.identities(place));
  }

  /** Whether rows can be kept as they are: a few of the current hour, none of which may have been saved before. */
  #canKeep(state: LabDelta, rows: readonly number[], fromMs: number, lastMs: number, nowMs: number): boolean {
    const hour = identityHour(fromMs);
    const kept = state.rows ?? [];
    return (
      this.#keepsHour &&
      (state.rows !== undefined || state.isEmpty) &&
      kept.length + rows.length <= ROWS_KEPT_MAX * ROW_LENGTH &&
      identityHour(lastMs) === hour &&
      (kept.length === 0 || identityHour(kept[0]!) === hour) &&
      nowMs < (hour + 1) * HOUR_MS &&
      fromMs > state.floorMs &&
      state.identitiesBefore(hour) + ROWS_KEPT_MAX < IDENTITIES_MAX
    );
  }

  #keepRows(state: LabDelta, rows: readonly number[], result: CommitResult): void {
    state.rows ??= [];
    const kept = state.rows;
    for (let i = 0; i < rows.length; i += ROW_LENGTH) {
      const timestampMs = rows[i]!;
      if (timestampMs > state.newestMs) state.newestMs = timestampMs;
      else if (this.#horizonS > 0 && hasRow(kept, rows, i)) {
        result.duplicate += 1;
        continue;
      }
      kept.push(timestampMs, rows[i + 1]!, rows[i + 2]!, rows[i + 3]!);
      result.committed += 1;
    }
  }

  /** @returns how many of them are remembered to be compared with what comes */
  #addRows(
    state: LabDelta,
    rows: readonly number[],
    span: Span,
    nowMs: number,
    result: CommitResult,
  ): number {
    const { hour } = span;
    const isSuspended = hour !== undefined && hour.count >= IDENTITIES_MAX;
    const remembered = isSuspended ? undefined : hour;
    const added = state.addingTo(span);
    let counted = 0;
    for (let i = 0; i < rows.length; i += ROW_LENGTH) {
      const timestampMs = rows[i]!;
      const isNewest = timestampMs > state.newestMs;
      if (remembered !== undefined) {
        const identity = identityAt(rows, i);
        // What is newer than everything before cannot be among it.
        if (isNewest) remembered.add(identity);
        else if (timestampMs <= state.floorMs && this.#isSaved(state, remembered, identity)) continue;
        else if (!remembered.addNew(identity)) continue;
      }
      if (isNewest) state.newestMs = timestampMs;
      counted += 1;
      addObservation(added, timestampMs, rows[i + 2]!, rows[i + 3]!);
    }
    result.committed += counted;
    result.duplicate += rows.length / ROW_LENGTH - counted;
    if (isSuspended) result.suspended += counted;
    // Late ones are remembered from now on.
    if (counted > 0 && hour !== undefined && (hour.hour + 1) * HOUR_MS <= nowMs)
      hour.expiryS = this.#identitiesExpiryS(hour.hour, nowMs);
    return remembered === undefined ? 0 : counted;
  }

  /** Whether it came before the lab was last saved, or is being saved. */
  #isSaved(state: LabDelta, hour: HourIdentities, identity: number): boolean {
    return (
      hour.isStored(identity) || (this.labs.frozen?.get(state.lab)?.hasIdentity(hour.hour, identity) ?? false)
    );
  }

  /**
   * Reads those identities that the rows may repeat. If they are damaged, where the rows go to is in doubt.
   * @returns whether there were some that were not read yet
   */
  #loadStored(state: LabDelta, rows: readonly number[], { hour, buckets }: Span, nowMs: number): boolean {
    if (hour === undefined) return false;
    let low = Number.POSITIVE_INFINITY;
    let high = -1;
    for (let i = 0; i < rows.length; i += ROW_LENGTH) {
      if (rows[i]! > state.floorMs) continue;
      const identity = identityAt(rows, i);
      low = Math.min(low, identity);
      high = Math.max(high, identity);
    }
    if (high < 0) return false;
    return hour.loadStored(this.labs.tables.version, low, high, (from, to) => {
      const identities: number[] = [];
      const isWhole = this.#eachStored(
        state,
        hour.hour,
        (value) => copyIdentities(value, from, to, nowMs, identities),
        (saved) => {
          for (let i = 0; i < saved.length; i += ROW_LENGTH) {
            const identity = identityAt(saved, i);
            if (identity >= from && identity <= to) identities.push(identity);
          }
        },
      );
      if (!isWhole) for (const bucket of buckets) bucket.isDoubtful = true;
      return identities;
    });
  }

  /**
   * What tables have of the identities of a lab's hour. What is damaged is reported and left out.
   * @returns whether nothing is
   */
  #eachStored(
    { lab, hash }: LabDelta,
    hour: number,
    onIdentities: (value: Buffer) => void,
    onRows: (rows: Float64Array) => void,
  ): boolean {
    const { tables } = this.labs;
    let isWhole = true;
    const read = (cursor: Cursor) => {
      try {
        return valueAt(cursor, hash, lab);
      } catch (error) {
        this.labs.reportDamaged(error);
        isWhole = false;
        return undefined;
      }
    };
    for (const cursor of tables.identitySources(hour)) {
      const value = read(cursor);
      if (value !== undefined) onIdentities(value);
    }
    for (const cursor of tables.rowSources(hour)) {
      const value = read(cursor);
      if (value !== undefined) onRows(numbersOf(value));
    }
    return isWhole;
  }

  /** Adds up the rows that are kept as they came. */
  #unfold(state: LabDelta): void {
    const { rows } = state;
    if (rows === undefined) return;
    state.rows = undefined;
    const hourStartMs = identityHour(rows[0]!) * HOUR_MS;
    for (const part of partsOf(state.lab, rows, this.#grid, hourStartMs).parts) {
      const span = this.#spanOf(state, part, hourStartMs);
      const added = state.addingTo(span);
      for (let i = 0; i < part.rows.length; i += ROW_LENGTH) {
        span.hour?.add(identityAt(part.rows, i));
        addObservation(added, part.rows[i]!, part.rows[i + 2]!, part.rows[i + 3]!);
      }
    }
  }

  #spanOf(state: LabDelta, part: BatchPart, nowMs: number): Span {
    const { fromMs, toMs, startsS } = part;
    const hour = this.#hourToChange(state, part.hour, nowMs);
    const buckets: ChangedBucket[] = [];
    let untilS = hour?.expiryS ?? Number.POSITIVE_INFINITY;
    startsS.forEach((startS, resolution) => {
      if (startS === undefined) return;
      buckets.push(this.#bucketToChange(state, resolution, startS));
      untilS = Math.min(untilS, bucketExpiryS(startS, this.#grid.resolutions[resolution]!));
    });
    return { fromMs, toMs, untilMs: untilS * 1000, hour, buckets, added: undefined };
  }

  #bucketToChange(state: LabDelta, resolution: number, startS: number): ChangedBucket {
    const changed = state.bucket(resolution, startS);
    if (changed !== undefined) return changed;
    const { durationS } = this.#grid.resolutions[resolution]!;
    const bucket = {
      resolution,
      startS,
      aggregate: emptyAggregate(keepsHistograms(durationS)),
      isDoubtful: false,
    };
    state.buckets.push(bucket);
    return bucket;
  }

  #hourToChange(state: LabDelta, hour: number, nowMs: number): HourIdentities | undefined {
    if (this.#horizonS === 0) return undefined;
    const changed = state.hour(hour);
    if (changed !== undefined && changed.expiryS * 1000 > nowMs) return changed;
    const expiryS = this.#identitiesExpiryS(hour, nowMs);
    const identities = new HourIdentities(hour, expiryS, this.#countSaved(state, hour, nowMs));
    if (changed !== undefined) state.hours = state.hours.filter((one) => one !== changed);
    state.hours.push(identities);
    return identities;
  }

  /** Whole seconds: most often it is that of the lab before. */
  #identitiesExpiryS(hour: number, nowMs: number): number {
    const expiry = this.#expiry;
    const second = Math.ceil(nowMs / 1000);
    if (hour !== expiry.hour || second !== expiry.second) {
      expiry.hour = hour;
      expiry.second = second;
      expiry.expiryS = identitiesExpiryS(hour, this.#horizonS, this.#grid, nowMs);
    }
    return expiry.expiryS;
  }

  /** How many identities of a lab's hour are not in its delta. */
  #countSaved(state: LabDelta, hour: number, nowMs: number): number {
    const floorHour = identityHour(state.floorMs);
    if (!(hour < floorHour)) return state.identitiesBefore(hour);
    const frozen = this.labs.frozen?.get(state.lab)?.hour(hour);
    if (frozen !== undefined) return frozen.count;
    let count = 0;
    this.#eachStored(
      state,
      hour,
      (value) => {
        count += countIdentities(value, nowMs);
      },
      (rows) => {
        count += rows.length / ROW_LENGTH;
      },
    );
    return count;
  }
}

function identityAt(rows: ArrayLike<number>, i: number): number {
  return identityOf(rows[i]!, rows[i + 2]!, rows[i + 3]!, rows[i + 1]!);
}

/** Whether the same observation is among the rows that are kept. */
function hasRow(kept: readonly number[], rows: readonly number[], i: number): boolean {
  for (let at = 0; at < kept.length; at += ROW_LENGTH)
    if (
      kept[at] === rows[i] &&
      kept[at + 1] === rows[i + 1] &&
      kept[at + 2] === rows[i + 2] &&
      kept[at + 3] === rows[i + 3]
    )
      return true;
  return false;
}
