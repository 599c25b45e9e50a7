import { mkdirSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
import { type Aggregate, addObservation, emptyAggregate, mergeAggregate } from '../aggregate.js';
import { type Batch, ROW_LENGTH } from '../batch.js';
import { type BatchPart, partsOf } from '../batch-part.js';
import { bucketExpiryS, longestLivedResolution, type Resolution, reachS } from '../bucket-grid.js';
import { IDENTITIES_MAX, identitiesExpiryS } from '../deduplication.js';
import type { LedgerReport } from '../ledger-counters.js';
import { packAggregate, unpackAggregate } from '../packed-aggregate.js';
import type { Rejection } from '../rejection.js';
import {
  type BucketStore,
  CommitError,
  type CommitResult,
  emptyCommitResult,
  type LabBucket,
  LEDGER_REPORT_KEPT_S,
  type StoreOptions,
} from '../store.js';

export interface EmbeddedStoreOptions extends StoreOptions {
  /** Folder of the database; made if missing. One process at a time writes to it. */
  readonly dataDir: string;
}

const PAGE_LABS = 500;
/** Time between two removals of what has expired. */
const SWEEP_INTERVAL_MS = 60_000;
/** Records removed in one transaction at most. */
const SWEEP_RECORDS_MAX = 10_000;

/** Identities held for one lab's hour, and when they may be forgotten. */
interface SeenHour {
  readonly count: number;
  readonly expiryS: number;
}

/**
 * Buckets in an LMDB environment: durable when `commit` returns, whole after a kill at any moment, no server. A commit
 * is one transaction; keys are ordered so that each read is one range:
 *
 *     buckets    [duration, start, lab]  → packed aggregate
 *     identities [hour, lab, identity]   → nothing
 *     hours      [hour, lab]             → SeenHour
 *     labs       lab                     → start of its newest bucket in the longest-lived resolution
 *     rejections number, rising          → Rejection
 *     ledgers    process                 → LedgerReport
 *     sessions   name of an MQTT session → who serves it, and until when that is to be believed
 */
export class EmbeddedStore implements BucketStore {
  readonly #root: RootDatabase;
  readonly #buckets: Database<Buffer, [number, number, string]>;
  readonly #identities: Database<Buffer, [number, string, number]>;
  readonly #hours: Database<SeenHour, [number, string]>;
  readonly #labs: Database<number, string>;
  readonly #rejections: Database<Rejection, number>;
  readonly #ledgers: Database<LedgerReport, string>;
  readonly #sessions: Database<{ readonly owner: string; readonly expiresMs: number }, string>;
  readonly #longestLived: number;
  #sweepAtMs = 0;

  /** @throws the file system's error when the folder cannot be made or the database not opened. */
  constructor(readonly options: EmbeddedStoreOptions) {
    mkdirSync(options.dataDir, { recursive: true });
    // Not overlapping: a commit resolves when its transaction is on the disk.
    this.#root = open({ path: options.dataDir, overlappingSync: false, maxDbs: 8, noSubdir: false });
    this.#buckets = this.#root.openDB('buckets', { encoding: 'binary' });
    this.#identities = this.#root.openDB('identities', { encoding: 'binary' });
    this.#hours = this.#root.openDB('hours', { encoding: 'msgpack' });
    this.#labs = this.#root.openDB('labs', { encoding: 'ordered-binary' });
    this.#rejections = this.#root.openDB('rejections', { encoding: 'json' });
    this.#ledgers = this.#root.openDB('ledgers', { encoding: 'json' });
    this.#sessions = this.#root.openDB('sessions', { encoding: 'json' });
    this.#longestLived = options.grid.resolutions.indexOf(longestLivedResolution(options.grid));
  }

  async commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    try {
      const result = await this.#root.transaction(() => this.#apply(batch, nowMs));
      // What has expired is invisible to reads; if removing it fails, the next commit tells.
      if (nowMs >= this.#sweepAtMs) await this.#sweep(nowMs).catch(() => {});
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new CommitError(`embedded store: ${message}`, emptyCommitResult(), batch, { cause: error });
    }
  }

  async *summaries(
    resolution: Resolution,
    startS: number,
    nowMs: number,
  ): AsyncIterable<readonly LabBucket[]> {
    if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) return;
    let page: LabBucket[] = [];
    const range = { start: [resolution.durationS, startS], end: [resolution.durationS, startS + 1] };
    for (const { key, value } of this.#buckets.getRange(range as never)) {
      page.push({ lab: key[2], startS, aggregate: unpackAggregate(value) });
      if (page.length === PAGE_LABS) {
        yield page;
        page = [];
      }
    }
    if (page.length > 0) yield page;
  }

  async series(
    lab: string,
    resolution: Resolution,
    fromS: number,
    toS: number,
    nowMs: number,
  ): Promise<readonly LabBucket[]> {
    const buckets: LabBucket[] = [];
    for (let startS = fromS; startS < toS; startS += resolution.durationS) {
      if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) continue;
      const value = this.#buckets.get([resolution.durationS, startS, lab]);
      if (value !== undefined) buckets.push({ lab, startS, aggregate: unpackAggregate(value) });
    }
    return buckets;
  }

  async labs(after: string, limit: number, nowMs: number): Promise<readonly string[]> {
    const labs: string[] = [];
    for (const { key, value } of this.#labs.getRange({ start: after })) {
      if (labs.length === limit) break;
      if (key > after && !this.#isForgotten(value, nowMs)) labs.push(key);
    }
    return labs;
  }

  async latest(labs: readonly string[], nowMs: number): Promise<readonly (LabBucket | undefined)[]> {
    const { durationS } = this.options.grid.resolutions[this.#longestLived]!;
    return labs.map((lab) => {
      const startS = this.#labs.get(lab);
      if (startS === undefined || this.#isForgotten(startS, nowMs)) return undefined;
      const value = this.#buckets.get([durationS, startS, lab]);
      return value && { lab, startS, aggregate: unpackAggregate(value) };
    });
  }

  async rejections(limit: number): Promise<readonly Rejection[]> {
    return [...this.#rejections.getRange({ reverse: true, limit })].map(({ value }) => value);
  }

  async reportLedger(report: LedgerReport): Promise<void> {
    await this.#ledgers.put(report.process, report);
  }

  async ledgers(nowMs: number): Promise<readonly LedgerReport[]> {
    return [...this.#ledgers.getRange({})]
      .map(({ value }) => value)
      .filter((report) => report.reportedMs + LEDGER_REPORT_KEPT_S * 1000 > nowMs);
  }

  async touchSession(name: string, owner: string, aliveS: number): Promise<void> {
    await this.#sessions.put(name, { owner, expiresMs: Date.now() + aliveS * 1000 });
  }

  async sessionOwner(name: string): Promise<string | undefined> {
    const session = this.#sessions.get(name);
    return session !== undefined && session.expiresMs > Date.now() ? session.owner : undefined;
  }

  async sessions(): Promise<readonly { readonly name: string; readonly abandoned: boolean }[]> {
    return [...this.#sessions.getRange({})].map(({ key, value }) => ({
      name: key,
      abandoned: value.expiresMs <= Date.now(),
    }));
  }

  async forgetSession(name: string): Promise<void> {
    await this.#sessions.remove(name);
  }

  async ping(): Promise<void> {
    this.#labs.get('');
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  /** Inside a transaction. */
  #apply(batch: Batch, nowMs: number): CommitResult {
    const result = emptyCommitResult();
    let labCount = this.#labs.getCount();
    for (const [lab, rows] of batch.rowsByLab) {
      const isNew = this.#labs.get(lab) === undefined;
      if (isNew && labCount >= this.options.labsMax) {
        result.tooManyLabs += rows.length / ROW_LENGTH;
        result.refusedLabs.add(lab);
        continue;
      }
      const { parts, expired } = partsOf(lab, rows, this.options.grid, nowMs);
      result.expired += expired;
      for (const part of parts) this.#applyPart(part, nowMs, result);
      if (isNew && this.#labs.get(lab) !== undefined) labCount += 1;
    }
    this.#addRejections(batch.rejections);
    return result;
  }

  #applyPart(part: BatchPart, nowMs: number, result: CommitResult): void {
    // Everything that can fail is read before anything is written: LMDB keeps what a callback wrote before it threw.
    const aggregates = part.startsS.map((startS, i) => this.#bucketToMerge(part.lab, startS, i));
    const { isFresh, suspended } = this.#deduplication(part, nowMs);
    const added = emptyAggregate();
    for (let i = 0; i < part.rows.length; i += ROW_LENGTH)
      if (isFresh(part.rows[i + 1]!))
        addObservation(added, part.rows[i]!, part.rows[i + 2]!, part.rows[i + 3]!);
    result.committed += added.observations;
    result.duplicate += part.rows.length / ROW_LENGTH - added.observations;
    if (suspended) result.suspended += added.observations;
    if (added.observations === 0) return;

    part.startsS.forEach((startS, i) => {
      if (startS === undefined) return;
      const aggregate = aggregates[i]!;
      mergeAggregate(aggregate, added);
      this.#buckets.put(
        [this.options.grid.resolutions[i]!.durationS, startS, part.lab],
        packAggregate(aggregate),
      );
      if (i === this.#longestLived) this.#indexLab(part.lab, startS);
    });
  }

  /** @throws Error when the bucket is none that this version knows. */
  #bucketToMerge(lab: string, startS: number | undefined, resolution: number): Aggregate {
    const { durationS } = this.options.grid.resolutions[resolution]!;
    const existing = startS === undefined ? undefined : this.#buckets.get([durationS, startS, lab]);
    return existing === undefined ? emptyAggregate() : unpackAggregate(existing);
  }

  /** Tells for each identity of a part, asked once in order, whether it is counted for the first time. */
  #deduplication(
    part: BatchPart,
    nowMs: number,
  ): { isFresh: (identity: number) => boolean; suspended: boolean } {
    const { deduplicationHorizonS: horizonS, grid } = this.options;
    const key: [number, string] = [part.hour, part.lab];
    if (horizonS === 0) return { isFresh: () => true, suspended: false };
    let held = this.#hours.get(key);
    if (held !== undefined && held.expiryS * 1000 <= nowMs) {
      this.#forgetHour(part.hour, part.lab);
      held = undefined;
    }
    let count = held?.count ?? 0;
    if (count >= IDENTITIES_MAX) return { isFresh: () => true, suspended: true };
    const late = (part.hour + 1) * 3_600_000 <= nowMs;
    const expiryS =
      held === undefined || late ? identitiesExpiryS(part.hour, horizonS, grid, nowMs) : held.expiryS;
    const isFresh = (identity: number) => {
      const identityKey: [number, string, number] = [part.hour, part.lab, identity];
      if (this.#identities.doesExist(identityKey)) return false;
      this.#identities.put(identityKey, NOTHING);
      count += 1;
      this.#hours.put(key, { count, expiryS });
      return true;
    };
    return { isFresh, suspended: false };
  }

  #indexLab(lab: string, startS: number): void {
    const newest = this.#labs.get(lab);
    if (newest === undefined || startS > newest) this.#labs.put(lab, startS);
  }

  #addRejections(rejections: readonly Rejection[]): void {
    if (rejections.length === 0) return;
    const [newest] = this.#rejections.getKeys({ reverse: true, limit: 1 });
    let next = (newest ?? 0) + 1;
    for (const rejection of rejections) this.#rejections.put(next++, rejection);
    for (const key of this.#rejections.getKeys({ end: next - this.options.rejectionsMax }))
      this.#rejections.remove(key);
  }

  #isForgotten(newestStartS: number, nowMs: number): boolean {
    return bucketExpiryS(newestStartS, this.options.grid.resolutions[this.#longestLived]!) * 1000 <= nowMs;
  }

  #forgetHour(hour: number, lab: string): void {
    const range = { start: [hour, lab], end: [hour, `${lab}\u0000`] };
    for (const key of [...this.#identities.getKeys(range as never)]) this.#identities.remove(key);
    this.#hours.remove([hour, lab]);
  }

  /** Removes what has expired, a bounded amount at a time. */
  async #sweep(nowMs: number): Promise<void> {
    let left = SWEEP_RECORDS_MAX;
    let labsMayHaveGone = false;
    await this.#root.transaction(() => {
      for (const [i, resolution] of this.options.grid.resolutions.entries()) {
        if (left <= 0) break;
        const { durationS } = resolution;
        const end = [durationS, Math.floor(nowMs / 1000) - reachS(resolution) + 1];
        for (const key of [...this.#buckets.getKeys({ start: [durationS], end, limit: left } as never)]) {
          this.#buckets.remove(key);
          left -= 1;
          if (i === this.#longestLived) labsMayHaveGone = true;
        }
      }
      for (const { key, value } of [...this.#hours.getRange({ limit: Math.max(1, left) })]) {
        if (value.expiryS * 1000 > nowMs || left <= 0) continue;
        left -= value.count;
        this.#forgetHour(key[0], key[1]);
      }
      // A lab goes with its newest bucket of the longest-lived resolution; looking through all of them takes time.
      if (labsMayHaveGone)
        for (const { key, value } of this.#labs.getRange({}))
          if (this.#isForgotten(value, nowMs)) this.#labs.remove(key);
      for (const { key, value } of this.#ledgers.getRange({}))
        if (value.reportedMs + LEDGER_REPORT_KEPT_S * 1000 <= nowMs) this.#ledgers.remove(key);
    });
    this.#sweepAtMs = left > 0 ? nowMs + SWEEP_INTERVAL_MS : nowMs;
  }
}

const NOTHING = Buffer.alloc(0);
