import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { bucketExpiryS, type Resolution } from '../grid/bucket-grid.js';
import type { Rejection } from '../observation/rejection.js';
import type { Batch } from '../store/batch.js';
import { LEDGER_REPORT_KEPT_S, type SharedText, type StoreCount } from '../store/books.js';
import type { RestoreFate, StoredBucket } from '../store/bucket-restore.js';
import type { LabBucket, StoreFigures, StoreHealth } from '../store/bucket-store.js';
import type { CommitResult } from '../store/commit-result.js';
import type { LedgerReport } from '../store/ledger-counters.js';
import type { SessionRecord } from '../store/session-register.js';
import type { Store } from '../store/store.js';
import type { StoreFault } from '../store/store-fault.js';
import type { StoreOptions } from '../store/store-options.js';
import { adoptConfiguration } from './adopt-configuration.js';
import { catalogOf, loadFolder, unlistedFiles } from './engine/load-folder.js';
import type { EngineLimits } from './engine/save-schedule.js';
import { StoreEngine } from './engine/store-engine.js';
import { FaultList } from './fault-list.js';
import { removeUnneeded } from './files/files.js';
import { FolderLock } from './folder-lock.js';
import { bucketPages } from './labs/bucket-pages.js';
import type { LabBuckets } from './labs/lab-buckets.js';
import { namesAfter } from './labs/name-pages.js';
import { BlockCache } from './tables/block-cache.js';

export interface EmbeddedStoreOptions extends StoreOptions {
  /** Folder of the database; made if missing. One process at a time uses it. */
  readonly dataDir: string;
  /**
   * Bytes in memory of what labs got since they were last saved, roughly; default: 1/32 of what V8's heap may have, from
   * 16 to 128 MiB.
   */
  readonly memoryBytesMax?: number;
  /** Bytes of journal that a start replays, roughly. */
  readonly journalBytesMax?: number;
  /** Bytes of the disk's blocks that are kept in memory. */
  readonly cacheBytesMax?: number;
  /** The disk refuses something, or takes it again. */
  readonly onWarning?: (message: string) => void;
}

/** Of the heap that V8 allows, which it derives from the memory of the machine or container. */
const MEMORY_SHARE = 1 / 32;
const MEMORY_BYTES = { min: 16 * 2 ** 20, max: 128 * 2 ** 20 } as const;
const JOURNAL_BYTES_MAX = 32 * 2 ** 20;
const CACHE_BYTES_MAX = 8 * 2 ** 20;
/** Buckets read before everything else has a turn. */
const READ_AT_ONCE = 100;

/**
 * Buckets in plain files: a journal, and tables that are made of it. Durable when `commit` returns, whole after a kill at
 * any moment, no server. One process, one commit at a time. The reads are here; everything that is written goes through a
 * StoreEngine.
 */
export class EmbeddedStore implements Store {
  readonly #labs: LabBuckets;
  readonly #shared = new Map<string, SharedText>();
  #shares = 0;
  #closed = false;

  /**
   * Opens the folder and replays its journal, under the configuration that it was written under. On a full disk it opens
   * as well, and takes commits once there is room.
   * @throws FolderInUseError; FolderFormatError; DamagedFileError; DiskError: each says what to do.
   */
  static async open(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
    const folder = options.dataDir;
    const lock = await FolderLock.take(folder);
    try {
      const cache = new BlockCache(options.cacheBytesMax ?? CACHE_BYTES_MAX);
      const faults = new FaultList(options.onFault);
      let catalog = catalogOf(folder, options);
      if (await adoptConfiguration(folder, catalog, options, cache, Date.now()))
        catalog = catalogOf(folder, options);
      const loaded = loadFolder(folder, catalog, options, cache, faults.report);
      for (const path of unlistedFiles(folder, catalog.content)) await removeUnneeded(path);
      const { onWarning = () => {}, onFatal = () => {} } = options;
      const engine = new StoreEngine(
        folder,
        loaded,
        limitsOf(options),
        { onWarning, onFatal },
        cache,
        options.process ?? randomUUID(),
      );
      try {
        await engine.start();
      } catch (error) {
        await engine.close();
        throw error;
      }
      return new EmbeddedStore(options, lock, engine, faults);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  private constructor(
    readonly options: EmbeddedStoreOptions,
    readonly lock: FolderLock,
    readonly engine: StoreEngine,
    readonly faultList: FaultList,
  ) {
    this.#labs = engine.labs;
  }

  commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    return this.engine.commit(batch, nowMs);
  }

  restore(buckets: readonly StoredBucket[], nowMs: number): Promise<readonly RestoreFate[]> {
    return this.engine.restore(buckets, nowMs);
  }

  async *buckets(
    labs: readonly string[] | 'all',
    resolution: Resolution,
    startS: number,
    nowMs: number,
    withHistograms = true,
  ): AsyncIterable<readonly LabBucket[]> {
    const { durationS } = resolution;
    if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) return;
    if (labs === 'all') {
      yield* bucketPages(this.#labs, durationS, startS, withHistograms);
      return;
    }
    for (let i = 0; i < labs.length; i += READ_AT_ONCE) {
      const page: LabBucket[] = [];
      for (const lab of labs.slice(i, i + READ_AT_ONCE)) {
        const aggregate = this.#labs.orLeftOut(() =>
          this.#labs.bucket(lab, durationS, startS, withHistograms),
        );
        if (aggregate !== undefined) page.push({ lab, startS, aggregate });
      }
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
    withHistograms = true,
  ): Promise<readonly LabBucket[]> {
    return (await this.seriesOf([lab], resolution, fromS, toS, nowMs, withHistograms))[0]!;
  }

  async seriesOf(
    labs: readonly string[],
    resolution: Resolution,
    fromS: number,
    toS: number,
    nowMs: number,
    withHistograms = true,
  ): Promise<readonly (readonly LabBucket[])[]> {
    const { durationS } = resolution;
    const all: LabBucket[][] = [];
    let read = 0;
    for (const lab of labs) {
      const buckets: LabBucket[] = [];
      for (let startS = fromS; startS < toS; startS += durationS) {
        if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) continue;
        const aggregate = this.#labs.orLeftOut(() =>
          this.#labs.bucket(lab, durationS, startS, withHistograms),
        );
        if (aggregate !== undefined) buckets.push({ lab, startS, aggregate });
        read += 1;
        if (read % READ_AT_ONCE === 0) await nextTurn();
      }
      all.push(buckets);
    }
    return all;
  }

  labs(after: string, limit: number, nowMs: number): Promise<readonly string[]> {
    return namesAfter(this.#labs, after, limit, nowMs);
  }

  async latest(
    labs: readonly string[],
    nowMs: number,
    withHistograms = true,
  ): Promise<readonly (LabBucket | undefined)[]> {
    const newest: (LabBucket | undefined)[] = [];
    for (const lab of labs) {
      newest.push(this.#labs.orLeftOut(() => this.#labs.newest(lab, nowMs, withHistograms)));
      if (newest.length % READ_AT_ONCE === 0) await nextTurn();
    }
    return newest;
  }

  async rejections(limit: number): Promise<readonly Rejection[]> {
    return this.engine.books.rejections.toReversed().slice(0, limit);
  }

  async counted(): Promise<readonly StoreCount[]> {
    return this.engine.books.counted;
  }

  async faults(limit: number): Promise<readonly StoreFault[]> {
    return this.faultList.newest(limit);
  }

  /** One process has the folder: there is nobody to keep it for. */
  async share(name: string, text: string): Promise<void> {
    if (this.#shared.get(name)?.text === text) return;
    this.#shares += 1;
    this.#shared.set(name, { version: `${this.#shares}`, text });
  }

  async shared(name: string, known?: string): Promise<SharedText | 'unchanged' | undefined> {
    const shared = this.#shared.get(name);
    return shared !== undefined && shared.version === known ? 'unchanged' : shared;
  }

  reportLedger(ledger: LedgerReport): Promise<void> {
    return this.engine.write({ ledger });
  }

  async ledgers(nowMs: number): Promise<readonly LedgerReport[]> {
    return [...this.engine.books.ledgers.values()].filter(
      ({ reportedMs }) => reportedMs + LEDGER_REPORT_KEPT_S * 1000 > nowMs,
    );
  }

  touchSession(name: string, owner: string, aliveS: number, value = ''): Promise<void> {
    const expiresMs = Date.now() + aliveS * 1000;
    return this.engine.write({ touched: name, session: { owner, value, expiresMs } });
  }

  async sessionOwner(name: string): Promise<string | undefined> {
    const session = this.engine.books.sessions.get(name);
    return session !== undefined && session.expiresMs > Date.now() ? session.owner : undefined;
  }

  async sessions(): Promise<readonly SessionRecord[]> {
    return [...this.engine.books.sessions].map(([name, { value, expiresMs }]) => ({
      name,
      value,
      abandoned: expiresMs <= Date.now(),
    }));
  }

  forgetSession(name: string): Promise<void> {
    return this.engine.write({ forgotten: name });
  }

  ping(): Promise<void> {
    return this.engine.ping();
  }

  health(): StoreHealth {
    return this.engine.health();
  }

  figures(): StoreFigures {
    const { journal, labs } = this.engine;
    const tableBytes = labs.tables.tables.reduce((sum, { bytes }) => sum + bytes, 0);
    return { journalBytes: journal.bytes, tableBytes };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.engine.close();
    await this.lock.release();
  }
}

function limitsOf({ memoryBytesMax, journalBytesMax }: EmbeddedStoreOptions): EngineLimits {
  const share = getHeapStatistics().heap_size_limit * MEMORY_SHARE;
  return {
    memoryBytesMax: memoryBytesMax ?? Math.min(MEMORY_BYTES.max, Math.max(MEMORY_BYTES.min, share)),
    journalBytesMax: journalBytesMax ?? JOURNAL_BYTES_MAX,
  };
}
