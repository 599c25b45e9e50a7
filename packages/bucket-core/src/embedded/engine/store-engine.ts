import { statfsSync } from 'node:fs';
import type { Rejection } from '../../observation/rejection.js';
import { Batch } from '../../store/batch.js';
import type { RestoreFate, StoredBucket } from '../../store/bucket-restore.js';
import type { StoreHealth } from '../../store/bucket-store.js';
import { CommitError, type CommitResult, emptyCommitResult } from '../../store/commit-result.js';
import type { BooksEntry, BooksState } from '../books/books-state.js';
import { isForWantOfRoom } from '../files/disk-error.js';
import { EncodedBatch } from '../journal/batch-record.js';
import { encodeBuckets } from '../journal/buckets-record.js';
import { KIND } from '../journal/journal-frame.js';
import type { RowCommits } from '../labs/commit-rows.js';
import type { LabBuckets } from '../labs/lab-buckets.js';
import { withinLimit } from '../labs/lab-limit.js';
import { isSectionExpired } from '../labs/merge-tables.js';
import { fatesOf } from '../labs/restored-buckets.js';
import type { BlockCache } from '../tables/block-cache.js';
import type { Section } from '../tables/table.js';
import { CatalogKeeper } from './catalog-keeper.js';
import { fileThatChanged } from './file-guard.js';
import { JournalKeeper } from './journal-keeper.js';
import type { LoadedFolder } from './load-folder.js';
import { tablesToMerge } from './merge-plan.js';
import { Saver } from './saver.js';

export interface EngineLimits {
  /** Bytes of what labs got since they were last saved, roughly; half of it is being saved, half of it comes. */
  readonly memoryBytesMax: number;
  /** Bytes of journal that a start replays, roughly; half of it is being cut off. */
  readonly journalBytesMax: number;
}

export interface EngineEvents {
  /** The disk refuses something, or takes it again. */
  readonly onWarning: (message: string) => void;
  readonly onFatal: (error: Error) => void;
}

const TICK_MS = 1000;
const SWEEP_INTERVAL_MS = 60_000;
/** What has not been saved for so long is, whatever its size. */
const SAVE_INTERVAL_MS = 3_600_000;
const RETRY_MS = { min: 1000, max: 30_000 } as const;
/** A disk that refuses for so long, and not for want of room, does not come back by itself. */
const LOST_AFTER_MS = 60_000;
/** Less is no room. */
const FREE_BYTES_MIN = 2 ** 15;
/** Journal files that a start leaves to be replayed again by the next one. */
const JOURNAL_FILES_MAX = 20;

/**
 * Everything that the embedded store writes.
 *
 *     commit ──▶ journal record, on the disk ──▶ applied to the deltas of the labs ──▶ answered
 *
 *     ok        ──a write fails──▶ degraded: commits fail; each of them, each ping and each second tries again
 *     degraded  ──one succeeds, in files of its own──▶ ok
 *     degraded  ──for a minute, not for want of room──▶ lost, until one succeeds all the same
 *     any       ──a file is replaced or removed──▶ lost for good: onFatal is called
 *
 * A file that a write has failed in is never written again. What is in memory is what was acknowledged, whatever the
 * disk does, so reads go on.
 */
export class StoreEngine {
  readonly labs: LabBuckets;
  readonly books: BooksState;
  readonly catalog: CatalogKeeper;
  readonly journal: JournalKeeper;
  readonly #commits: RowCommits;
  readonly #saver: Saver;
  readonly #timer: NodeJS.Timeout;
  /** The end of everything that writes so far. */
  #writing: Promise<unknown> = Promise.resolve();
  #saving: Promise<void> | undefined;
  #merging: Promise<void> | undefined;
  #saveRetryAtMs = 0;
  #saveRetryMs: number = RETRY_MS.min;
  #mergeAtMs = 0;
  #savedAtMs = performance.now();
  /** The replayed journal is saved soon, however small. */
  #hasManyJournals: boolean;
  #failingSinceMs: number | undefined;
  #failure: Error | undefined;
  #saveFailure: Error | undefined;
  #fatal: Error | undefined;
  #sweepAtMs = 0;
  /** Of the latest commit. */
  #nowMs: number | undefined;
  #isClosing = false;
  #isClosed = false;

  constructor(
    readonly folder: string,
    { labs, books, commits, content, identity, nextRecord }: LoadedFolder,
    readonly limits: EngineLimits,
    readonly events: EngineEvents,
    cache: BlockCache,
    /** Names this run. */
    readonly process: string,
  ) {
    this.labs = labs;
    this.books = books;
    this.#commits = commits;
    this.catalog = new CatalogKeeper(folder, content, identity);
    this.journal = new JournalKeeper(this.catalog, nextRecord);
    this.#saver = new Saver(labs, books, this.catalog, this.journal, cache, (work) => this.#alone(work));
    this.#hasManyJournals = content.journals.length > JOURNAL_FILES_MAX;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  /** @throws CommitError */
  async commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    try {
      await this.#untilRoom();
      return await this.#alone(() => this.#commit(batch, nowMs));
    } catch (error) {
      if (error instanceof CommitError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new CommitError(`embedded store: ${message}`, emptyCommitResult(), batch, { cause: error });
    }
  }

  /** @see BucketRestore.restore @throws Error, and nothing was done, when it cannot be written. */
  async restore(buckets: readonly StoredBucket[], nowMs: number): Promise<readonly RestoreFate[]> {
    await this.#untilRoom();
    return this.#alone(() => this.#restore(buckets, nowMs));
  }

  /** @throws Error, and nothing was done, when it cannot be written. */
  write(entry: BooksEntry): Promise<void> {
    return this.#alone(async () => {
      await this.#append(entry);
      this.books.apply(entry);
    });
  }

  /** Resolves when a commit would succeed, as far as that can be known. @throws with the reason */
  async ping(): Promise<void> {
    if (this.#fatal !== undefined) throw this.#fatal;
    if (this.journal.writer === undefined) await this.#alone(() => this.#recover());
    if (this.#saveFailure !== undefined && this.#isOverfull) throw this.#saveFailure;
    const { bavail, bsize } = statfsSync(this.folder);
    if (bavail * bsize < FREE_BYTES_MIN) throw new Error(`the disk of ${this.folder} is full`);
  }

  health(): StoreHealth {
    if (this.#fatal !== undefined) return 'lost';
    const failure = this.#failure ?? this.#saveFailure;
    if (failure === undefined || this.#failingSinceMs === undefined) return 'ok';
    const isLong = performance.now() - this.#failingSinceMs > LOST_AFTER_MS;
    return isLong && !isForWantOfRoom(failure) ? 'lost' : 'degraded';
  }

  /** Opens the first journal file; if the disk is full, later. @throws DiskError */
  async start(): Promise<void> {
    try {
      await this.#alone(() => this.#recover());
    } catch (error) {
      if (!isForWantOfRoom(error)) throw error;
    }
  }

  /** Saves everything, under the configuration that it was committed under, and rows as buckets. @throws DiskError */
  async settle(nowMs: number): Promise<void> {
    clearInterval(this.#timer);
    await this.#saver.checkpoint();
    const { tables } = this.labs.tables;
    if (tables.length > 0) await this.#saver.merge(tables, nowMs, 0);
  }

  /** Saves what there is, unless the disk refuses; then the journal has it. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#timer);
    await this.#saving?.catch(() => {});
    await this.#merging?.catch(() => {});
    const isUnsaved = this.labs.frozen !== undefined || !this.labs.active.isEmpty;
    if (this.#fatal === undefined && this.journal.writer !== undefined && isUnsaved)
      await this.#saver
        .checkpoint()
        .catch((error: Error) => this.events.onWarning(`cannot save: ${error.message}`));
    await this.#alone(() => {
      this.#isClosed = true;
      return this.journal.close();
    });
    this.labs.tables.close();
  }

  /** Runs what writes once everything before it is through. */
  #alone<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.#writing.then(work);
    this.#writing = done.catch(() => {});
    return done;
  }

  async #commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    if (this.#fatal !== undefined) throw this.#fatal;
    const { labs, books } = this;
    this.#nowMs = nowMs;
    const result = emptyCommitResult();
    const accepted = withinLimit(labs, batch, result);
    const failed: { batch: Batch; cause: unknown } = { batch: new Batch(), cause: undefined };
    const prepared = this.#commits.prepare(accepted, nowMs, failed);
    const rowsByLab = failed.batch.isEmpty ? accepted : without(accepted, failed.batch);
    if (rowsByLab.size > 0 || batch.rejections.length > 0)
      await this.#appendBatch(nowMs, rowsByLab, batch.rejections);
    this.#commits.apply(prepared, result);
    books.count(result, nowMs);
    books.list(batch.rejections);
    if (nowMs >= this.#sweepAtMs) this.#sweep(nowMs);
    this.#saveIfDue();
    if (failed.batch.isEmpty) return result;
    const { message } = failed.cause as Error;
    throw new CommitError(`embedded store: ${message}`, result, failed.batch, { cause: failed.cause });
  }

  async #appendBatch(
    nowMs: number,
    rowsByLab: ReadonlyMap<string, readonly number[]>,
    rejections: readonly Rejection[],
  ): Promise<void> {
    if (this.journal.writer === undefined) await this.#recover();
    const encoded = new EncodedBatch({ nowMs, rowsByLab, rejections });
    await this.#appendRecord(KIND.batch, encoded.bytes, (bytes) => encoded.encode(bytes));
    this.#succeeded();
  }

  async #restore(buckets: readonly StoredBucket[], nowMs: number): Promise<readonly RestoreFate[]> {
    if (this.#fatal !== undefined) throw this.#fatal;
    this.#nowMs = nowMs;
    const { fates, accepted } = fatesOf(this.labs, buckets, nowMs);
    if (accepted.length === 0) return fates;
    if (this.journal.writer === undefined) await this.#recover();
    await this.#appendBytes(KIND.buckets, encodeBuckets(accepted));
    this.#succeeded();
    for (const bucket of accepted) this.#commits.addBucket(bucket);
    this.#saveIfDue();
    return fates;
  }

  async #append(entry: BooksEntry): Promise<void> {
    if (this.journal.writer === undefined) await this.#recover();
    await this.#appendEntry(entry);
  }

  #appendEntry(entry: BooksEntry): Promise<void> {
    return this.#appendBytes(KIND.books, Buffer.from(JSON.stringify(entry)));
  }

  #appendBytes(kind: number, record: Buffer): Promise<void> {
    return this.#appendRecord(kind, record.length, (bytes) => {
      record.copy(bytes);
    });
  }

  async #appendRecord(kind: number, length: number, encode: (bytes: Buffer) => void): Promise<void> {
    try {
      await this.journal.append(kind, length, encode);
    } catch (error) {
      this.#failed(error as Error);
      throw error;
    }
  }

  /** A new journal file, which says whose commits follow. @throws DiskError */
  async #recover(): Promise<void> {
    if (this.#fatal !== undefined) throw this.#fatal;
    if (this.#isClosed) throw new Error('the store is closed');
    if (this.journal.writer !== undefined) return;
    try {
      await this.journal.openNext();
    } catch (error) {
      this.#failed(error as Error);
      throw error;
    }
    const entry = { process: this.process };
    await this.#appendEntry(entry);
    this.books.apply(entry);
    this.#succeeded();
  }

  #failed(error: Error): void {
    if (this.#failure === undefined) {
      this.#failingSinceMs ??= performance.now();
      this.events.onWarning(`${error.message}; nothing is committed until it can be written again`);
    }
    this.#failure = error;
  }

  #succeeded(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    if (this.#saveFailure === undefined) this.#failingSinceMs = undefined;
    this.events.onWarning('the disk takes commits again, in a new journal file');
  }

  get #isOverfull(): boolean {
    const { memoryBytesMax, journalBytesMax } = this.limits;
    return this.labs.active.bytes > memoryBytesMax || this.journal.bytes > 2 * journalBytesMax;
  }

  /** While what comes exceeds what can be saved, it waits. @throws the reason why nothing can be saved */
  async #untilRoom(): Promise<void> {
    if (!this.#isOverfull) return;
    this.#saveIfDue();
    await this.#saving?.catch(() => {});
    if (this.#isOverfull && this.#saveFailure !== undefined) throw this.#saveFailure;
  }

  #saveIfDue(): void {
    if (this.#saving !== undefined || this.#isClosing || this.#fatal !== undefined) return;
    const { memoryBytesMax, journalBytesMax } = this.limits;
    const nowMs = performance.now();
    const isDue =
      this.labs.frozen !== undefined ||
      this.#hasManyJournals ||
      this.labs.active.bytes > memoryBytesMax / 2 ||
      this.journal.bytes > journalBytesMax / 2 ||
      (nowMs - this.#savedAtMs > SAVE_INTERVAL_MS && !this.labs.active.isEmpty);
    if (!isDue || nowMs < this.#saveRetryAtMs) return;
    this.#saving = this.#save().finally(() => {
      this.#saving = undefined;
    });
  }

  async #save(): Promise<void> {
    try {
      await this.#saver.checkpoint();
    } catch (error) {
      this.#saveRetryAtMs = performance.now() + this.#saveRetryMs;
      this.#saveRetryMs = Math.min(2 * this.#saveRetryMs, RETRY_MS.max);
      if (this.#saveFailure === undefined) {
        this.#failingSinceMs ??= performance.now();
        this.events.onWarning(
          `${(error as Error).message}; what is in the journal cannot be saved until it can be written`,
        );
      }
      this.#saveFailure = error as Error;
      return;
    }
    this.#savedAtMs = performance.now();
    this.#hasManyJournals = false;
    this.#saveRetryMs = RETRY_MS.min;
    if (this.#saveFailure !== undefined) {
      this.#saveFailure = undefined;
      if (this.#failure === undefined) this.#failingSinceMs = undefined;
      this.events.onWarning('what was in the journal is saved');
    }
    this.#mergeIfDue(this.#nowMs ?? Date.now());
  }

  #mergeIfDue(nowMs: number): void {
    if (this.#merging !== undefined || this.#isClosing || performance.now() < this.#mergeAtMs) return;
    const { labs } = this;
    const plan = tablesToMerge(
      labs.tables.tables.map((table) => ({
        table,
        bytes: table.bytes,
        isDamaged: table.isDamaged,
        expiredBytes: table.sections
          .filter((section) => isSectionExpired(labs, section, nowMs))
          .reduce((sum, { lengths }) => sum + lengths.reduce((a, b) => a + b, 0), 0),
      })),
    );
    if (plan.length === 0) return;
    this.#merging = this.#saver
      .merge(
        plan.map(({ table }) => table),
        nowMs,
      )
      .then(
        () => setImmediate(() => this.#mergeIfDue(nowMs)),
        (error: Error) => {
          this.#mergeAtMs = performance.now() + RETRY_MS.max;
          this.events.onWarning(`${error.message}; tables cannot be put together for now`);
        },
      )
      .then(() => {
        this.#merging = undefined;
      });
  }

  /** Forgets what has expired: labs, what is in the books, and configurations. */
  #sweep(nowMs: number): void {
    this.#sweepAtMs = nowMs + SWEEP_INTERVAL_MS;
    const { labs, books } = this;
    books.sweep(nowMs);
    // While a delta is being saved, the heads of its labs are not up to date.
    if (labs.frozen === undefined) {
      const goneMs = nowMs - labs.keptS * 1000;
      labs.heads.forget(goneMs);
      for (const state of labs.active.labs.values())
        if (state.newestMs <= goneMs) labs.active.forget(state);
        else if (!state.isNew && labs.heads.find(state.hash, state.check) < 0) labs.active.renew(state);
    }
    this.#forgetFormerResolutions(nowMs);
    this.#mergeIfDue(nowMs);
  }

  #forgetFormerResolutions(nowMs: number): void {
    const { labs } = this;
    const isKept = (section: Section) => !isSectionExpired(labs, section, nowMs);
    const formerResolutions = labs.formerResolutions.filter(({ durationS }) =>
      labs.tables.hasBuckets(durationS, isKept),
    );
    if (formerResolutions.length === labs.formerResolutions.length) return;
    labs.formerResolutions = formerResolutions;
    void this.catalog
      .change((content) => ({ ...content, configuration: { ...content.configuration, formerResolutions } }))
      // The next start finds that out again.
      .catch(() => {});
  }

  #tick(): void {
    if (this.#fatal !== undefined || this.#isClosing) return;
    const changed = fileThatChanged(this.catalog, this.journal, this.labs);
    if (changed !== undefined) {
      this.#fatal = new Error(
        `${changed} was replaced or removed while humtemp used it: nothing more is committed`,
      );
      this.events.onWarning(this.#fatal.message);
      this.events.onFatal(this.#fatal);
      return;
    }
    // If it fails, it has been reported.
    if (this.journal.writer === undefined) void this.#alone(() => this.#recover()).catch(() => {});
    this.#saveIfDue();
  }
}

function without(
  rowsByLab: ReadonlyMap<string, readonly number[]>,
  { rowsByLab: failed }: Batch,
): ReadonlyMap<string, readonly number[]> {
  return new Map([...rowsByLab].filter(([lab]) => !failed.has(lab)));
}
