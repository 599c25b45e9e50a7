import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { type Batch, ROW_LENGTH } from '../batch.js';
import { bucketExpiryS, type Resolution } from '../bucket-grid.js';
import type { LedgerReport } from '../ledger-counters.js';
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
import { Disk } from './disk.js';
import { FolderLock } from './folder-lock.js';
import { decodeRecord, encodeRecord } from './journal-record.js';
import { LabBuckets } from './lab-buckets.js';
import { bucketPages, namePages } from './lab-pages.js';
import { sweep } from './sweep.js';

export interface EmbeddedStoreOptions extends StoreOptions {
  /** Folder of the database; made if missing. One process at a time uses it. */
  readonly dataDir: string;
  /**
   * Bytes of labs held in memory, roughly; default: a quarter of what V8's heap may have. What is over is saved, let go,
   * and read from the disk when it is needed again.
   */
  readonly memoryBytesMax?: number;
  /** Bytes of journal after which every lab that they touched has been saved, so that a start replays no more. */
  readonly journalBytesMax?: number;
}

/** Of the heap that V8 allows, which it derives from the memory of the machine or container. */
const MEMORY_SHARE = 1 / 4;
const JOURNAL_BYTES_MAX = 64 * 2 ** 20;
/** What a journal record costs besides its bytes, when it is replayed. */
const RECORD_OVERHEAD_BYTES = 200;
/** Records of labs saved in one transaction, unless the journal asks for more. */
const SAVED_RECORDS_MAX = 4000;
/** Journal records removed in one transaction. */
const REMOVED_RECORDS_MAX = 1000;
const IDLE_CHECK_MS = 1000;
/** Time for saving what is in memory when closing; what is left is replayed at the next start. */
const CLOSE_SAVE_MS_MAX = 1000;
const SWEEP_INTERVAL_MS = 60_000;
/** Buckets read before everything else has a turn. */
const READ_AT_ONCE = 250;

/**
 * Buckets in memory and in an LMDB environment: durable when `commit` returns, whole after a kill at any moment, no
 * server. One process, one commit at a time.
 *
 *     commit ──▶ journal record, one put, on the disk ──▶ applied to the labs in memory ──▶ answered
 *                    │ in the same transaction
 *                    └─ a share of the labs that older records touched is saved, records that nobody needs are removed
 *
 * A record holds the rows as they came, so applying it again after a crash gives the same: duplicates are found again
 * by their identities, and each lab knows up to which record it is saved. The share is such that the journal stays
 * below its limit, and with it the time that a start takes.
 */
export class EmbeddedStore implements BucketStore {
  readonly #labs: LabBuckets;
  readonly #memoryBytesMax: number;
  readonly #journalBytesMax: number;
  readonly #idleTimer: NodeJS.Timeout;
  /** The end of everything that writes so far: one after the other. */
  #writing: Promise<unknown> = Promise.resolve();
  /** Number of the next journal record. */
  #next = 1;
  #oldestRecord = 1;
  #committedAt = -1;
  /** Records of labs that are due to be saved, of which a lab has several: less than none if it was more. */
  #due = 0;
  #nextRejection: number;
  #sweepAtMs = 0;
  #closed = false;

  /**
   * Opens the folder and replays its journal.
   * @throws FolderInUseError; FolderFormatError; the file system's error when the folder cannot be made or opened.
   */
  static async open(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
    const lock = await FolderLock.take(options.dataDir);
    let disk: Disk | undefined;
    try {
      disk = new Disk(options.dataDir);
      return new EmbeddedStore(options, lock, disk);
    } catch (error) {
      await disk?.close();
      await lock.release();
      throw error;
    }
  }

  private constructor(
    readonly options: EmbeddedStoreOptions,
    readonly lock: FolderLock,
    readonly disk: Disk,
  ) {
    this.#labs = new LabBuckets(disk, options);
    this.#memoryBytesMax = options.memoryBytesMax ?? getHeapStatistics().heap_size_limit * MEMORY_SHARE;
    this.#journalBytesMax = options.journalBytesMax ?? JOURNAL_BYTES_MAX;
    this.#replay();
    const [newest] = disk.rejections.getKeys({ reverse: true, limit: 1 });
    this.#nextRejection = (newest ?? 0) + 1;
    this.#idleTimer = setInterval(() => this.#saveWhenIdle(), IDLE_CHECK_MS);
    this.#idleTimer.unref();
  }

  /** Bytes of labs held in memory, roughly. */
  get heldBytes(): number {
    return this.#labs.memory.bytes;
  }

  async commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    try {
      return await this.#alone(() => this.#commit(batch, nowMs));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new CommitError(`embedded store: ${message}`, emptyCommitResult(), batch, { cause: error });
    }
  }

  async *summaries(
    resolution: Resolution,
    startS: number,
    nowMs: number,
    withHistograms = true,
  ): AsyncIterable<readonly LabBucket[]> {
    if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) return;
    for (const page of bucketPages(this.#labs, resolution, startS, withHistograms)) {
      if (page.length > 0) yield page;
      await nextTurn();
    }
  }

  async series(
    lab: string,
    resolution: Resolution,
    fromS: number,
    toS: number,
    nowMs: number,
  ): Promise<readonly LabBucket[]> {
    const buckets: LabBucket[] = [];
    let read = 0;
    for (let startS = fromS; startS < toS; startS += resolution.durationS) {
      if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) continue;
      const aggregate = this.#labs.bucket(lab, resolution.durationS, startS);
      if (aggregate !== undefined) buckets.push({ lab, startS, aggregate });
      read += 1;
      if (read % READ_AT_ONCE === 0) await nextTurn();
    }
    return buckets;
  }

  async labs(after: string, limit: number, nowMs: number): Promise<readonly string[]> {
    const names: string[] = [];
    for (const page of namePages(this.#labs, after, limit, nowMs)) {
      for (const name of page) names.push(name);
      if (names.length >= limit) break;
      await nextTurn();
    }
    return names.slice(0, limit);
  }

  async latest(labs: readonly string[], nowMs: number): Promise<readonly (LabBucket | undefined)[]> {
    const newest: (LabBucket | undefined)[] = [];
    for (const lab of labs) {
      newest.push(this.#labs.newest(lab, nowMs));
      if (newest.length % READ_AT_ONCE === 0) await nextTurn();
    }
    return newest;
  }

  async rejections(limit: number): Promise<readonly Rejection[]> {
    return [...this.disk.rejections.getRange({ reverse: true, limit })].map(({ value }) => value);
  }

  async reportLedger(report: LedgerReport): Promise<void> {
    await this.#write(() => this.disk.ledgers.put(report.process, report));
  }

  async ledgers(nowMs: number): Promise<readonly LedgerReport[]> {
    return [...this.disk.ledgers.getRange({})]
      .map(({ value }) => value)
      .filter((report) => report.reportedMs + LEDGER_REPORT_KEPT_S * 1000 > nowMs);
  }

  async touchSession(name: string, owner: string, aliveS: number): Promise<void> {
    const expiresMs = Date.now() + aliveS * 1000;
    await this.#write(() => this.disk.sessions.put(name, { owner, expiresMs }));
  }

  async sessionOwner(name: string): Promise<string | undefined> {
    const session = this.disk.sessions.get(name);
    return session !== undefined && session.expiresMs > Date.now() ? session.owner : undefined;
  }

  async sessions(): Promise<readonly { readonly name: string; readonly abandoned: boolean }[]> {
    return [...this.disk.sessions.getRange({})].map(({ key, value }) => ({
      name: key,
      abandoned: value.expiresMs <= Date.now(),
    }));
  }

  async forgetSession(name: string): Promise<void> {
    await this.#write(() => this.disk.sessions.remove(name));
  }

  async ping(): Promise<void> {
    this.disk.labs.get('');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#idleTimer);
    const deadline = performance.now() + CLOSE_SAVE_MS_MAX;
    await this.#alone(async () => {
      while (this.#labs.memory.activeCount > 0 && performance.now() < deadline)
        await this.#save(SAVED_RECORDS_MAX);
    }).catch(() => {
      // The journal has it all.
    });
    await this.disk.close();
    await this.lock.release();
  }

  /** Runs what writes once everything before it is through. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work, work);
    this.#writing = done;
    return done;
  }

  #write(puts: () => void): Promise<void> {
    return this.#alone(() => this.disk.write(puts));
  }

  async #commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    const result = emptyCommitResult();
    const record = { nowMs, rowsByLab: this.#withinLimit(batch, result) };
    const number = this.#next;
    const prepared = this.#labs.prepare(record, number);
    const isEmpty = record.rowsByLab.size === 0;
    const bytes = isEmpty ? undefined : encodeRecord(record);
    await this.#save(bytes === undefined ? 0 : this.#recordsDue(bytes.length, record.rowsByLab.size), () => {
      if (bytes !== undefined) this.disk.journal.put(number, bytes);
      this.#putRejections(batch.rejections);
    });
    this.#committedAt = performance.now();
    if (!isEmpty) this.#next += 1;
    this.#labs.apply(prepared, result);
    this.#labs.memory.shrink(this.#memoryBytesMax);
    this.#nextRejection += batch.rejections.length;
    if (nowMs >= this.#sweepAtMs) {
      this.#sweepAtMs = nowMs + SWEEP_INTERVAL_MS;
      void this.#sweep(nowMs);
    }
    return result;
  }

  /** The batch without labs that are new beyond the limit. */
  #withinLimit(batch: Batch, result: CommitResult): ReadonlyMap<string, readonly number[]> {
    let room = this.options.labsMax - this.#labs.count;
    if (batch.rowsByLab.size <= room) return batch.rowsByLab;
    const accepted = new Map<string, readonly number[]>();
    for (const [lab, rows] of batch.rowsByLab) {
      const isNew = this.#labs.known(lab) === undefined;
      if (!isNew || room > 0) accepted.set(lab, rows);
      else {
        result.tooManyLabs += rows.length / ROW_LENGTH;
        result.refusedLabs.add(lab);
      }
      if (isNew) room -= 1;
    }
    return accepted;
  }

  /**
   * How many records of labs to save with a journal record, so that all are by the time the journal has its limit; and
   * beyond the limit of memory, more than the record can add.
   */
  #recordsDue(journalBytes: number, labs: number): number {
    const { memory } = this.#labs;
    const share = (journalBytes + RECORD_OVERHEAD_BYTES) / (this.#journalBytesMax / 2);
    this.#due += memory.activeRecords * Math.min(1, share);
    if (memory.bytes <= this.#memoryBytesMax) return this.#due;
    const recordsPerLab = memory.activeRecords / Math.max(1, memory.activeCount);
    return Math.max(this.#due, SAVED_RECORDS_MAX, 2 * labs * recordsPerLab);
  }

  /** Saves the labs that wait longest, and whatever else is put, in one transaction. */
  async #save(records: number, alsoPut: () => void = () => {}): Promise<void> {
    const { memory } = this.#labs;
    const states = memory.oldest(records);
    const upTo = this.#next - 1;
    // The newest record stays, for its number.
    const removable = Math.min(memory.neededFrom(this.#next), this.#next - 1);
    const removed = Math.max(0, Math.min(REMOVED_RECORDS_MAX, removable - this.#oldestRecord));
    await this.disk.write(() => {
      alsoPut();
      for (const state of states) this.#labs.save(state, upTo);
      for (let i = 0; i < removed; i++) this.disk.journal.remove(this.#oldestRecord + i);
    });
    this.#oldestRecord += removed;
    for (const state of states) {
      // A lab may be more than was due; all that are saved for want of memory are not.
      this.#due = Math.max(this.#due, 0) - state.measured.records;
      memory.rest(state, upTo);
    }
  }

  #saveWhenIdle(): void {
    if (performance.now() - this.#committedAt < IDLE_CHECK_MS) return;
    if (this.#labs.memory.activeCount === 0) return;
    // If it fails, the next commit says so.
    void this.#alone(() => this.#save(SAVED_RECORDS_MAX)).catch(() => {});
  }

  #putRejections(rejections: readonly Rejection[]): void {
    rejections.forEach((rejection, i) => {
      const number = this.#nextRejection + i;
      this.disk.rejections.put(number, rejection);
      this.disk.rejections.remove(number - this.options.rejectionsMax);
    });
  }

  /** What has expired is invisible to reads already; if removing it fails, the next time will do. */
  async #sweep(nowMs: number): Promise<void> {
    const isDone = await this.#alone(() => sweep(this.#labs, nowMs)).catch(() => true);
    if (!isDone) this.#sweepAtMs = nowMs;
  }

  #replay(): void {
    let first: number | undefined;
    for (const { key, value } of this.disk.journal.getRange({})) {
      first ??= key;
      this.#labs.apply(this.#labs.prepare(decodeRecord(value), key), emptyCommitResult());
      this.#labs.memory.shrink(this.#memoryBytesMax);
      this.#next = key + 1;
    }
    this.#oldestRecord = first ?? this.#next;
  }
}
