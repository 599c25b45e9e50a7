import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { copyAggregate } from '../aggregate/aggregate.js';
import { bucketExpiryS, type Resolution } from '../grid/bucket-grid.js';
import type { Rejection } from '../observation/rejection.js';
import type { Batch } from '../store/batch.js';
import { LEDGER_REPORT_KEPT_S, type StoreCount } from '../store/books.js';
import type { LabBucket, StoreHealth } from '../store/bucket-store.js';
import { CommitError, type CommitResult, emptyCommitResult } from '../store/commit-result.js';
import type { LedgerReport } from '../store/ledger-counters.js';
import type { SessionRecord } from '../store/session-register.js';
import type { Store } from '../store/store.js';
import type { StoreFault } from '../store/store-fault.js';
import type { StoreOptions } from '../store/store-options.js';
import { adoptConfiguration } from './adopt-configuration.js';
import { Disk } from './disk.js';
import { FolderLock } from './folder-lock.js';
import { LabBuckets } from './lab-buckets.js';
import { bucketPages, namePages } from './lab-pages.js';
import { StoreWriter, type WriterLimits } from './store-writer.js';

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
/** Buckets read before everything else has a turn. */
const READ_AT_ONCE = 250;

/**
 * Buckets in memory and in an LMDB environment: durable when `commit` returns, whole after a kill at any moment, no
 * server. One process, one commit at a time. The reads are here; everything that is written goes through a StoreWriter.
 */
export class EmbeddedStore implements Store {
  readonly #labs: LabBuckets;
  readonly #writer: StoreWriter;
  #closed = false;
  readonly #counted: { process: string; committed: number; duplicate: number; suspended: number };

  /**
   * Opens the folder and replays its journal, under the configuration that it was written under.
   * @throws FolderInUseError; FolderFormatError; the file system's error when the folder cannot be made or opened.
   */
  static async open(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
    const lock = await FolderLock.take(options.dataDir);
    let disk: Disk | undefined;
    try {
      disk = new Disk(options.dataDir);
      const limits = {
        memoryBytesMax: options.memoryBytesMax ?? getHeapStatistics().heap_size_limit * MEMORY_SHARE,
        journalBytesMax: options.journalBytesMax ?? JOURNAL_BYTES_MAX,
      };
      await adoptConfiguration(disk, options, limits);
      return new EmbeddedStore(options, lock, disk, limits);
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
    limits: WriterLimits,
  ) {
    this.#counted = { process: options.process ?? randomUUID(), committed: 0, duplicate: 0, suspended: 0 };
    this.#labs = new LabBuckets(disk, options);
    this.#writer = new StoreWriter(this.#labs, limits);
  }

  /** Bytes of labs held in memory, roughly. */
  get heldBytes(): number {
    return this.#labs.memory.bytes;
  }

  async commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    try {
      const result = await this.#writer.commit(batch, nowMs);
      this.#counted.committed += result.committed;
      this.#counted.duplicate += result.duplicate;
      this.#counted.suspended += result.suspended;
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new CommitError(`embedded store: ${message}`, emptyCommitResult(), batch, { cause: error });
    }
  }

  async *buckets(
    labs: readonly string[] | 'all',
    resolution: Resolution,
    startS: number,
    nowMs: number,
    withHistograms = true,
  ): AsyncIterable<readonly LabBucket[]> {
    if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) return;
    if (labs !== 'all') {
      for (let i = 0; i < labs.length; i += READ_AT_ONCE) {
        const page: LabBucket[] = [];
        for (const lab of labs.slice(i, i + READ_AT_ONCE)) {
          const held = this.#labs.bucket(lab, resolution.durationS, startS);
          if (held === undefined) continue;
          page.push({ lab, startS, aggregate: withHistograms ? held : copyAggregate(held, false) });
        }
        if (page.length > 0) yield page;
        await nextTurn();
      }
      return;
    }
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
    // More may be on the disk, of a time when more were kept.
    const kept = { reverse: true, limit: Math.min(limit, this.options.rejectionsMax) };
    return [...this.disk.rejections.getRange(kept)].map(({ value }) => value);
  }

  async counted(): Promise<readonly StoreCount[]> {
    return [{ ...this.#counted }];
  }

  async faults(): Promise<readonly StoreFault[]> {
    return [];
  }

  async reportLedger(report: LedgerReport): Promise<void> {
    await this.#writer.write(() => this.disk.ledgers.put(report.process, report));
  }

  async ledgers(nowMs: number): Promise<readonly LedgerReport[]> {
    return [...this.disk.ledgers.getRange({})]
      .map(({ value }) => value)
      .filter((report) => report.reportedMs + LEDGER_REPORT_KEPT_S * 1000 > nowMs);
  }

  async touchSession(name: string, owner: string, aliveS: number, value = ''): Promise<void> {
    const expiresMs = Date.now() + aliveS * 1000;
    await this.#writer.write(() => this.disk.sessions.put(name, { owner, expiresMs, value }));
  }

  async sessionOwner(name: string): Promise<string | undefined> {
    const session = this.disk.sessions.get(name);
    return session !== undefined && session.expiresMs > Date.now() ? session.owner : undefined;
  }

  async sessions(): Promise<readonly SessionRecord[]> {
    return [...this.disk.sessions.getRange({})].map(({ key, value }) => ({
      name: key,
      value: value.value ?? '',
      abandoned: value.expiresMs <= Date.now(),
    }));
  }

  async forgetSession(name: string): Promise<void> {
    await this.#writer.write(() => this.disk.sessions.remove(name));
  }

  async ping(): Promise<void> {
    this.disk.labs.get('');
  }

  health(): StoreHealth {
    return 'ok';
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writer.close();
    await this.disk.close();
    await this.lock.release();
  }
}
