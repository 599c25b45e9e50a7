import { randomUUID } from 'node:crypto';
import { bucketExpiryS, type Resolution } from '../grid/bucket-grid.js';
import type { Rejection } from '../observation/rejection.js';
import { Batch } from '../store/batch.js';
import type { StoreCount } from '../store/books.js';
import type { RestoreFate, StoredBucket } from '../store/bucket-restore.js';
import type { LabBucket, StoreHealth } from '../store/bucket-store.js';
import { CommitError, type CommitResult, emptyCommitResult } from '../store/commit-result.js';
import type { LedgerReport } from '../store/ledger-counters.js';
import type { SessionRecord } from '../store/session-register.js';
import type { Store } from '../store/store.js';
import type { StoreFault } from '../store/store-fault.js';
import type { StoreOptions } from '../store/store-options.js';
import { Committing } from './committing.js';
import type { RedisConnectionOptions } from './connection.js';
import type { Durability } from './durability.js';
import { Faults } from './faults.js';
import { Folding } from './folding.js';
import { Keys } from './keys.js';
import { LabIndex } from './lab-index.js';
import { LabStates } from './lab-states.js';
import { LateRows } from './late-rows.js';
import { oneAhead } from './one-ahead.js';
import type { FoldLimits } from './pages/fold.js';
import { PageGrid } from './pages/page-grid.js';
import { Reader, type Unreadable } from './reader.js';
import { RedisBooks } from './redis-books.js';
import { messageOf } from './redis-errors.js';
import { RedisLink } from './redis-link.js';
import { RedisSessions } from './redis-sessions.js';
import { Restoring } from './restoring.js';
import type { ScriptedRedis } from './scripts.js';
import { SetAside } from './set-aside.js';

export interface RedisStoreOptions extends StoreOptions, RedisConnectionOptions {
  /** In front of every key. */
  readonly prefix: string;
  /** What must hold before a commit counts. Default: memory. */
  readonly durability?: Durability;
  /** Called with what will do harm one day, once. */
  readonly onWarning?: (message: string) => void;
  /** Others than the default only in tests. */
  readonly foldLimits?: FoldLimits;
  readonly rawSpanS?: number;
}

/** The longest bucket that may have lived longest before a change of the configuration: a month. */
const INDEXED_S_MIN = 31 * 86_400;
/** Labs in one page of a reading, and in one MGET. */
const PAGE_LABS = 250;

/** Buckets in a Redis (6.2 or later) or Valkey server. */
export class RedisStore implements Store {
  readonly #link: RedisLink;
  readonly #pages: PageGrid;
  readonly #states: LabStates;
  readonly #setAside: SetAside;
  readonly #index: LabIndex;
  readonly #folding: Folding;
  readonly #committing: Committing;
  readonly #reader: Reader;
  readonly #restoring: Restoring;
  readonly #books: RedisBooks;
  readonly #sessions: RedisSessions;

  constructor(readonly options: RedisStoreOptions) {
    const { grid, deduplicationHorizonS, labsMax, rejectionsMax } = options;
    const keys = new Keys(options.prefix);
    this.#pages = new PageGrid(grid, deduplicationHorizonS, options.rawSpanS);
    this.#states = new LabStates(keys);
    this.#link = new RedisLink(options, keys, () => this.#states.clear());
    const { commits: redis, reads } = this.#link;
    const faults = new Faults(redis, keys, options.onFault);
    this.#setAside = new SetAside(redis, keys, faults);
    this.#index = new LabIndex(redis, reads, keys, this.#pages, this.#states, faults);
    this.#folding = new Folding(redis, keys, this.#pages, this.#states, this.#setAside, options.foldLimits);
    this.#committing = new Committing({
      redis,
      safe: this.#link.safe,
      keys,
      pages: this.#pages,
      states: this.#states,
      index: this.#index,
      late: new LateRows(redis, keys, this.#pages, this.#setAside),
      folding: this.#folding,
      faults,
      labsMax,
      process: options.process ?? randomUUID(),
    });
    this.#reader = new Reader(reads, keys, this.#pages, faults, (unreadable) => this.#mend(unreadable));
    this.#restoring = new Restoring({
      redis,
      keys,
      pages: this.#pages,
      states: this.#states,
      index: this.#index,
      reader: this.#reader,
      folding: this.#folding,
      labsMax,
    });
    this.#books = new RedisBooks(this.#link, keys, this.#setAside, faults, rejectionsMax);
    this.#sessions = new RedisSessions(this.#link, keys, this.#setAside, faults);
  }

  async commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    try {
      this.#link.check();
    } catch (error) {
      throw new CommitError(messageOf(error), emptyCommitResult(), batch, { cause: error });
    }
    const listed = this.#books.listRejections(batch.rejections).then(
      () => undefined,
      (error: unknown) => error,
    );
    let failure: CommitError | undefined;
    let result = emptyCommitResult();
    try {
      result = await this.#committing.commit(batch, nowMs);
    } catch (error) {
      if (!(error instanceof CommitError)) throw error;
      failure = error;
    }
    const unlisted = await listed;
    if (failure === undefined && unlisted === undefined) return result;
    const remaining = new Batch();
    for (const [lab, rows] of failure?.remaining.rowsByLab ?? []) remaining.addRows(lab, rows);
    if (unlisted !== undefined) for (const rejection of batch.rejections) remaining.list(rejection);
    throw new CommitError(
      failure?.message ?? `Redis: ${messageOf(unlisted)}`,
      failure?.done ?? result,
      remaining,
      { cause: failure?.cause ?? unlisted },
    );
  }

  async restore(buckets: readonly StoredBucket[], nowMs: number): Promise<readonly RestoreFate[]> {
    await this.#link.readable();
    return this.#restoring.restore(buckets, nowMs);
  }

  async *buckets(
    labs: readonly string[] | 'all',
    resolution: Resolution,
    startS: number,
    nowMs: number,
    withHistograms = true,
  ): AsyncIterable<readonly LabBucket[]> {
    if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) return;
    await this.#link.readable();
    // The index has a time that is in the same longest-lived bucket as the newest observation, or in a later one. It may
    // have been written when another resolution lived longest.
    const sinceS = startS - Math.max(this.#pages.longest.durationS, INDEXED_S_MIN);
    const asked = labs === 'all' ? this.#index.labsSince(sinceS, PAGE_LABS) : pagesOf(labs);
    const found = oneAhead(asked, (some) =>
      this.#reader.buckets(some, resolution, startS, nowMs, withHistograms),
    );
    for await (const page of found) if (page.length > 0) yield page;
  }

  async series(
    lab: string,
    resolution: Resolution,
    fromS: number,
    toS: number,
    nowMs: number,
  ): Promise<readonly LabBucket[]> {
    await this.#link.readable();
    return this.#reader.series(lab, resolution, fromS, toS, nowMs);
  }

  async labs(after: string, limit: number, nowMs: number): Promise<readonly string[]> {
    await this.#link.readable();
    return this.#index.names(after, limit, nowMs);
  }

  async latest(labs: readonly string[], nowMs: number): Promise<readonly (LabBucket | undefined)[]> {
    await this.#link.readable();
    const newest: (LabBucket | undefined)[] = [];
    for await (const some of pagesOf(labs)) newest.push(...(await this.#reader.latest(some, nowMs)));
    return newest;
  }

  rejections(limit: number): Promise<readonly Rejection[]> {
    return this.#books.rejections(limit);
  }

  async reportLedger(report: LedgerReport): Promise<void> {
    this.#link.check();
    await this.#books.reportLedger(report);
  }

  ledgers(nowMs: number): Promise<readonly LedgerReport[]> {
    return this.#books.ledgers(nowMs);
  }

  counted(): Promise<readonly StoreCount[]> {
    return this.#books.counted();
  }

  faults(limit: number): Promise<readonly StoreFault[]> {
    return this.#books.listedFaults(limit);
  }

  touchSession(name: string, owner: string, aliveS: number, value?: string): Promise<void> {
    return this.#sessions.touchSession(name, owner, aliveS, value);
  }

  sessionOwner(name: string): Promise<string | undefined> {
    return this.#sessions.sessionOwner(name);
  }

  sessions(): Promise<readonly SessionRecord[]> {
    return this.#sessions.sessions();
  }

  forgetSession(name: string): Promise<void> {
    return this.#sessions.forgetSession(name);
  }

  async ping(): Promise<void> {
    this.#link.check();
    await this.#link.commits.ping();
  }

  health(): StoreHealth {
    if (this.#link.isRefused) return 'lost';
    return this.#link.isReady ? 'ok' : 'degraded';
  }

  /** The connections, for tests that disturb them. */
  get connections(): { readonly commits: ScriptedRedis; readonly reads: ScriptedRedis } {
    return this.#link;
  }

  /** Resolves when every head that is due is folded. */
  whenFolded(): Promise<void> {
    return this.#folding.whenIdle();
  }

  async close(): Promise<void> {
    this.#folding.stop();
    this.#link.close();
  }

  /** What a reader could not read is set aside, so that the lab goes on. */
  #mend({ lab, key, value, reason, nowMs }: Unreadable): void {
    const state = this.#states.of(lab);
    const mended =
      key === state.headKey
        ? this.#folding.repair(state, value, reason, nowMs)
        : this.#setAside.value(key, value, reason, lab);
    // Whoever reads it next tries again.
    mended.catch(() => {});
  }
}

async function* pagesOf(labs: readonly string[]): AsyncIterable<readonly string[]> {
  for (let i = 0; i < labs.length; i += PAGE_LABS) yield labs.slice(i, i + PAGE_LABS);
}
