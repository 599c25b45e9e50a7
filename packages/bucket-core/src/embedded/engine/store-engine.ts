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
import { DiskState } from './disk-state.js';
import { fileThatChanged } from './file-guard.js';
import { JournalKeeper } from './journal-keeper.js';
import type { LoadedFolder } from './load-folder.js';
import { type EngineLimits, SaveSchedule } from './save-schedule.js';
import { Saver } from './saver.js';

export interface EngineEvents {
  /** The disk refuses something, or takes it again. */
  readonly onWarning: (message: string) => void;
  readonly onFatal: (error: Error) => void;
}

const TICK_MS = 1000;
const SWEEP_INTERVAL_MS = 60_000;
/** Less is no room. */
const FREE_BYTES_MIN = 2 ** 15;

/**
 * Everything that the embedded store writes.
 *
 *     commit ──▶ journal record, on the disk ──▶ applied to the deltas of the labs ──▶ answered
 *
 * After a write has failed, each commit, each ping and each second tries again, in a new journal file. Where a file is
 * replaced or removed by others, nothing more is written, and onFatal is called.
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
  readonly #schedule: SaveSchedule;
  readonly #disk: DiskState;
  readonly #timer: NodeJS.Timeout;
  /** The end of everything that writes so far. */
  #writing: Promise<unknown> = Promise.resolve();
  #fatal: Error | undefined;
  #sweepAtMs = 0;
  /** Of the latest commit. */
  #nowMs: number | undefined;
  #isClosed = false;

  constructor(
    readonly folder: string,
    { labs, books, commits, content, identity, nextRecord }: LoadedFolder,
    limits: EngineLimits,
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
    this.#disk = new DiskState(events.onWarning);
    const journalFiles = content.journals.length;
    this.#schedule = new SaveSchedule(labs, this.journal, this.#saver, limits, this.#disk, journalFiles);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  /** @throws CommitError */
  async commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    try {
      await this.#schedule.untilRoom(nowMs);
      return await this.#alone(() => this.#commit(batch, nowMs));
    } catch (error) {
      if (error instanceof CommitError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new CommitError(`embedded store: ${message}`, emptyCommitResult(), batch, { cause: error });
    }
  }

  /** @see BucketRestore.restore @throws Error, and nothing was done, when it cannot be written. */
  async restore(buckets: readonly StoredBucket[], nowMs: number): Promise<readonly RestoreFate[]> {
    await this.#schedule.untilRoom(nowMs);
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
    const { savingFailure } = this.#disk;
    if (savingFailure !== undefined && this.#schedule.isOverfull) throw savingFailure;
    const { bavail, bsize } = statfsSync(this.folder);
    if (bavail * bsize < FREE_BYTES_MIN) throw new Error(`the disk of ${this.folder} is full`);
  }

  health(): StoreHealth {
    if (this.#fatal !== undefined) return 'lost';
    return this.#disk.health();
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
    clearInterval(this.#timer);
    await this.#schedule.stop();
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
    this.#schedule.saveIfDue(nowMs);
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
    this.#disk.journalSucceeded();
  }

  async #restore(buckets: readonly StoredBucket[], nowMs: number): Promise<readonly RestoreFate[]> {
    if (this.#fatal !== undefined) throw this.#fatal;
    this.#nowMs = nowMs;
    const { fates, accepted } = fatesOf(this.labs, buckets, nowMs);
    if (accepted.length === 0) return fates;
    if (this.journal.writer === undefined) await this.#recover();
    await this.#appendBytes(KIND.buckets, encodeBuckets(accepted));
    this.#disk.journalSucceeded();
    for (const bucket of accepted) this.#commits.addBucket(bucket);
    this.#schedule.saveIfDue(nowMs);
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
      this.#disk.journalFailed(error as Error);
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
      this.#disk.journalFailed(error as Error);
      throw error;
    }
    const entry = { process: this.process };
    await this.#appendEntry(entry);
    this.books.apply(entry);
    this.#disk.journalSucceeded();
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
    this.#schedule.mergeIfDue(nowMs);
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
    if (this.#fatal !== undefined) return;
    const changed = fileThatChanged(this.catalog, this.journal, this.labs);
    if (changed !== undefined) {
      this.#fatal = new Error(
        `${changed} was replaced or removed while humtemp used it: nothing more is committed`,
      );
      void this.#schedule.stop();
      this.events.onWarning(this.#fatal.message);
      this.events.onFatal(this.#fatal);
      return;
    }
    // If it fails, it has been reported.
    if (this.journal.writer === undefined) void this.#alone(() => this.#recover()).catch(() => {});
    this.#schedule.saveIfDue(this.#nowMs ?? Date.now());
  }
}

function without(
  rowsByLab: ReadonlyMap<string, readonly number[]>,
  { rowsByLab: failed }: Batch,
): ReadonlyMap<string, readonly number[]> {
  return new Map([...rowsByLab].filter(([lab]) => !failed.has(lab)));
}
