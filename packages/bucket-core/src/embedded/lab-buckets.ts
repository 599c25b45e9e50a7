import {
  type Aggregate,
  addObservation,
  copyAggregate,
  emptyAggregate,
  lastMs,
} from '../aggregate/aggregate.js';
import { keepsHistograms } from '../aggregate/histogram.js';
import { packAggregate, unpackAggregate } from '../aggregate/packed-aggregate.js';
import { bucketExpiryS, bucketStartS, type Resolution, reachS } from '../grid/bucket-grid.js';
import { identityOf } from '../observation/identity.js';
import { ROW_LENGTH } from '../store/batch.js';
import { areWithin, type BatchPart, partsOf } from '../store/batch-part.js';
import type { LabBucket } from '../store/bucket-store.js';
import type { CommitResult } from '../store/commit-result.js';
import { IDENTITIES_MAX, identitiesExpiryS } from '../store/deduplication.js';
import type { StoreOptions } from '../store/store-options.js';
import type { Disk } from './disk.js';
import { IdentitySet } from './identity-set.js';
import type { JournalRecord } from './journal-record.js';
import { LabMemory } from './lab-memory.js';
import { type HeldBucket, type HeldHour, type HeldSpan, LabState } from './lab-state.js';

/** A journal record with everything in memory that it changes: nothing can fail any more when it is applied. */
export interface PreparedRecord {
  readonly number: number;
  readonly nowMs: number;
  readonly parts: readonly PreparedPart[];
  /** Rows that no resolution keeps any more. */
  readonly expired: number;
}

/** Rows of a lab that go to the same places. */
interface PreparedPart {
  readonly state: LabState;
  readonly rows: readonly number[];
  readonly span: HeldSpan;
}

/**
 * Every lab's buckets and identities, in memory and on the disk. What is in memory is newer; what is not in memory is
 * on the disk. A journal record is prepared, then put on the disk, then applied; labs are saved later, each as a whole.
 */
export class LabBuckets {
  readonly memory = new LabMemory();
  /** Those of earlier configurations that buckets are left of. */
  formerResolutions: readonly Resolution[];
  readonly #longestLivedFirst: readonly Resolution[];
  #labs: number;

  constructor(
    readonly disk: Disk,
    readonly options: StoreOptions,
  ) {
    this.formerResolutions = disk.configuration.get('configuration')?.formerResolutions ?? [];
    this.#longestLivedFirst = [...options.grid.resolutions].sort((a, b) => reachS(b) - reachS(a));
    this.#labs = disk.countLabs();
  }

  /** Labs known, in memory or on the disk. */
  get count(): number {
    return this.#labs;
  }

  /** After labs were removed from the disk. */
  recount(): void {
    this.#labs = this.disk.countLabs() + this.memory.unsavedCount;
  }

  /** A lab as it is held or stored; undefined if it is new. */
  known(lab: string): LabState | undefined {
    const held = this.memory.get(lab);
    if (held !== undefined) return held;
    const record = this.disk.labs.get(lab);
    if (record === undefined) return undefined;
    const state = new LabState(lab);
    [state.newestS, state.upTo] = record;
    state.isSaved = true;
    this.memory.addResting(state);
    return state;
  }

  /** @throws Error when the disk holds a bucket that this version does not know. */
  prepare({ nowMs, rowsByLab }: JournalRecord, number: number): PreparedRecord {
    const parts: PreparedPart[] = [];
    let expired = 0;
    for (const [lab, rows] of rowsByLab) {
      const state = this.known(lab) ?? new LabState(lab);
      // After a restart: the disk has this record's share of the lab.
      if (number <= state.upTo) continue;
      const { span } = state;
      // Almost always a lab's observations go where the ones before them went.
      if (span !== undefined && nowMs < span.untilMs && areWithin(rows, span.fromMs, span.toMs)) {
        parts.push({ state, rows, span });
        continue;
      }
      const split = partsOf(lab, rows, this.options.grid, nowMs);
      expired += split.expired;
      for (const part of split.parts)
        parts.push({ state, rows: part.rows, span: this.#spanOf(state, part, nowMs) });
    }
    return { number, nowMs, parts, expired };
  }

  /** Counts what was prepared. */
  apply({ number, nowMs, parts, expired }: PreparedRecord, result: CommitResult): void {
    result.expired += expired;
    for (const part of parts) {
      const { state } = part;
      if (this.memory.get(state.lab) === undefined) this.#labs += 1;
      this.#applyPart(part, nowMs, result);
      this.memory.activate(state, number);
    }
  }

  /** Puts a lab on the disk, with everything that journal records up to this number have changed. */
  save(state: LabState, upTo: number): void {
    const { lab } = state;
    state.fold();
    for (const { isDirty, resolution, startS, aggregate } of state.buckets)
      if (isDirty)
        this.disk.buckets.put([this.#durationS(resolution), startS, lab], packAggregate(aggregate));
    for (const { hour, identities, unsaved, replaces } of state.hours) {
      if (unsaved.length === 0) continue;
      if (replaces) this.disk.removeIdentities(hour, lab);
      this.disk.putIdentities(hour, lab, upTo, identities.expiryS, unsaved);
    }
    this.disk.labs.put(lab, [state.newestS, upTo]);
  }

  /** One bucket of a lab. */
  bucket(lab: string, durationS: number, startS: number): Aggregate | undefined {
    const resolution = this.options.grid.resolutions.findIndex((one) => one.durationS === durationS);
    const held = this.memory.get(lab)?.aggregate(resolution, startS);
    // What is in memory goes on changing; a reader gets what it was.
    if (held !== undefined) return copyAggregate(held);
    return this.disk.bucket(durationS, startS, lab);
  }

  /**
   * A lab's newest bucket of the longest-lived resolution; undefined if it has none that is still kept. Where that has
   * no bucket because it is new, one of the resolution that is kept next longest.
   */
  newest(lab: string, nowMs: number): LabBucket | undefined {
    const newestS = this.memory.get(lab)?.newestS ?? this.disk.labs.get(lab)?.[0];
    if (newestS === undefined || this.isForgotten(newestS, nowMs)) return undefined;
    for (const resolution of this.#longestLivedFirst) {
      const startS = this.#startS(newestS, resolution);
      if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) continue;
      const aggregate = this.bucket(lab, resolution.durationS, startS);
      if (aggregate !== undefined) return { lab, startS, aggregate };
    }
    return undefined;
  }

  /** Whether the longest-lived bucket of a lab's newest observation is no longer kept. */
  isForgotten(newestS: number, nowMs: number): boolean {
    const longest = this.#longestLivedFirst[0]!;
    return bucketExpiryS(this.#startS(newestS, longest), longest) * 1000 <= nowMs;
  }

  /** Seconds from a lab's newest observation until nothing at all of it is kept any more, in any resolution. */
  get keptS(): number {
    const resolutions = [...this.options.grid.resolutions, ...this.formerResolutions];
    return Math.max(...resolutions.map(({ durationS }) => durationS)) + Math.max(...resolutions.map(reachS));
  }

  #startS(timeS: number, { durationS }: Resolution): number {
    return bucketStartS(timeS * 1000, durationS, this.options.grid.alignmentS);
  }

  #durationS(resolution: number): number {
    return this.options.grid.resolutions[resolution]!.durationS;
  }

  #spanOf(state: LabState, part: BatchPart, nowMs: number): HeldSpan {
    const { fromMs, toMs, hour, startsS } = part;
    const { resolutions } = this.options.grid;
    const held = this.#hourToChange(state, hour, nowMs);
    const buckets: HeldBucket[] = [];
    let untilS = held?.identities.expiryS ?? Number.POSITIVE_INFINITY;
    startsS.forEach((startS, resolution) => {
      if (startS === undefined) return;
      buckets.push(this.#bucketToChange(state, resolution, startS));
      untilS = Math.min(untilS, bucketExpiryS(startS, resolutions[resolution]!));
    });
    return { fromMs, toMs, untilMs: untilS * 1000, hour: held, buckets, added: undefined };
  }

  #bucketToChange(state: LabState, resolution: number, startS: number): HeldBucket {
    const held = state.bucket(resolution, startS);
    if (held !== undefined) {
      held.isUsed = true;
      return held;
    }
    const value = state.isSaved
      ? this.disk.buckets.get([this.#durationS(resolution), startS, state.lab])
      : undefined;
    return state.addBucket(
      resolution,
      startS,
      value ? unpackAggregate(value) : emptyAggregate(keepsHistograms(this.#durationS(resolution))),
    );
  }

  #hourToChange(state: LabState, hour: number, nowMs: number): HeldHour | undefined {
    const { deduplicationHorizonS: horizonS, grid } = this.options;
    if (horizonS === 0) return undefined;
    const held = state.hour(hour) ?? this.#loadHour(state, hour);
    if (held !== undefined && held.identities.expiryS * 1000 > nowMs) {
      held.isUsed = true;
      return held;
    }
    return state.addHour(
      hour,
      new IdentitySet(identitiesExpiryS(hour, horizonS, grid, nowMs)),
      held !== undefined,
    );
  }

  #loadHour(state: LabState, hour: number): HeldHour | undefined {
    const stored = state.isSaved ? this.disk.identitiesOf(hour, state.lab) : undefined;
    if (stored === undefined) return undefined;
    const expected = stored.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const identities = new IdentitySet(stored.expiryS, expected);
    for (const chunk of stored.chunks) for (const identity of chunk) identities.add(identity);
    return state.addHour(hour, identities);
  }

  #applyPart({ state, rows, span }: PreparedPart, nowMs: number, result: CommitResult): void {
    const { hour } = span;
    const isSuspended = hour !== undefined && hour.identities.count >= IDENTITIES_MAX;
    const remembered = isSuspended ? undefined : hour;
    remembered?.identities.reserve(rows.length / ROW_LENGTH);
    const added = state.addingTo(span);
    let counted = 0;
    for (let i = 0; i < rows.length; i += ROW_LENGTH) {
      if (remembered !== undefined) {
        const identity = identityOf(rows[i]!, rows[i + 2]!, rows[i + 3]!, rows[i + 1]!);
        if (!remembered.identities.add(identity)) continue;
        remembered.unsaved.push(identity);
      }
      counted += 1;
      addObservation(added, rows[i]!, rows[i + 2]!, rows[i + 3]!);
    }
    result.committed += counted;
    result.duplicate += rows.length / ROW_LENGTH - counted;
    if (isSuspended) result.suspended += counted;
    if (counted === 0) return;

    const { deduplicationHorizonS, grid } = this.options;
    // Late ones are remembered from now on.
    if (hour !== undefined && (hour.hour + 1) * 3_600_000 <= nowMs)
      hour.identities.expiryS = identitiesExpiryS(hour.hour, deduplicationHorizonS, grid, nowMs);
    state.newestS = Math.max(state.newestS, Math.floor(lastMs(added) / 1000));
  }
}
