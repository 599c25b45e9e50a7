import { randomUUID } from 'node:crypto';
import { bucketExpiryS, type Resolution } from '../grid/bucket-grid.js';
import { labPartition } from '../observation/lab-id.js';
import type { Rejection } from '../observation/rejection.js';
import { Batch } from '../store/batch.js';
import type { SharedText, StoreCount } from '../store/books.js';
import type { RestoreFate, StoredBucket } from '../store/bucket-restore.js';
import type { LabBucket, StoreFigures, StoreHealth } from '../store/bucket-store.js';
import { addResult, CommitError, type CommitResult, emptyCommitResult } from '../store/commit-result.js';
import type { LedgerReport } from '../store/ledger-counters.js';
import type { SessionRecord } from '../store/session-register.js';
import type { Store } from '../store/store.js';
import type { StoreFault } from '../store/store-fault.js';
import type { StoreOptions } from '../store/store-options.js';
import { ClusterServers } from './cluster-servers.js';
import { Committing } from './committing.js';
import type { RedisConnectionOptions } from './connection.js';
import type { Durability } from './durability.js';
import { Faults } from './faults.js';
import { FixedServers } from './fixed-servers.js';
import { Folding } from './folding.js';
import { IndexReading, type LabsPage } from './index-reading.js';
import { Keys, PARTITIONS } from './keys.js';
import { LabIndex } from './lab-index.js';
import { LabStates } from './lab-states.js';
import { LateRows } from './late-rows.js';
import type { FoldLimits } from './pages/fold.js';
import { PageGrid } from './pages/page-grid.js';
import { AheadRoom, readAhead } from './read-ahead.js';
import { BucketReading } from './reading/bucket-reading.js';
import { LabValues, type Unreadable } from './reading/lab-values.js';
import { readLatest } from './reading/latest-reading.js';
import { SeriesReading } from './reading/series-reading.js';
import { RedisBooks } from './redis-books.js';
import { messageOf } from './redis-errors.js';
import type { RedisLink, RedisLinkEvents } from './redis-link.js';
import { RedisSessions } from './redis-sessions.js';
import { Restoring } from './restoring.js';
import type { ScriptedRedis } from './scripts.js';
import { checkAll, checkArrivals, missingOf, type Servers, type ServersOptions } from './servers.js';
import { SetAside } from './set-aside.js';
import { topologyOf } from './topology.js';

export interface RedisStoreOptions
  extends StoreOptions,
    Omit<RedisConnectionOptions, 'url' | 'onConnection'>,
    Omit<RedisLinkEvents, 'onFatal'> {
  /** One server, a list, or a cluster (topology.ts). */
  readonly url: string;
  /** What must hold before a commit counts. Default: memory. */
  readonly durability?: Durability;
  /** In front of every key. */
  readonly prefix: string;
  /** Others than the default only in tests. */
  readonly foldLimits?: FoldLimits;
  readonly rawSpanS?: number;
}

/** The longest bucket that may have lived longest before a change of the configuration: a month. */
const INDEXED_S_MIN = 31 * 86_400;
/** Labs in one page of a reading, and in one MGET. */
const PAGE_LABS = 250;
/** Pages that are asked for before they are wanted, and what all readings may have beyond the least. */
const PAGES_AHEAD = { least: 2, most: 8 };
const PAGES_AHEAD_ROOM = 48;

/** Buckets in Redis (6.2 or later) or Valkey: in one server, several, or a cluster. */
export class RedisStore implements Store {
  readonly #servers: Servers;
  readonly #pages: PageGrid;
  readonly #states: LabStates;
  readonly #setAside: SetAside;
  readonly #index: LabIndex;
  readonly #indexReading: IndexReading;
  readonly #folding: Folding;
  readonly #committing: Committing;
  readonly #values: LabValues;
  readonly #books: RedisBooks;
  readonly #sessions: RedisSessions;
  readonly #restoring: Restoring;
  readonly #aheadRoom = new AheadRoom(PAGES_AHEAD_ROOM);
  #connections = 0;

  /** A lane for each server. */
  readonly lanes: { readonly count: number; of(lab: string): number };

  constructor(readonly options: RedisStoreOptions) {
    const { grid, deduplicationHorizonS, labsMax, rejectionsMax } = options;
    const keys = new Keys(options.prefix);
    this.#pages = new PageGrid(grid, deduplicationHorizonS, options.rawSpanS);
    this.#states = new LabStates(keys);
    const events: ServersOptions = {
      ...options,
      onConnection: (state) => {
        if (state.connected) this.#connections += 1;
        options.onConnection?.(state);
      },
      onMoved: (is) => {
        this.#states.forget(is);
        for (const partition of PARTITIONS) if (is(partition)) this.#indexReading.known.forget(partition);
      },
    };
    this.#servers = openServers(options.url, events, keys);
    const servers = this.#servers;
    this.lanes = { count: servers.laneCount, of: (lab) => servers.laneOf(labPartition(lab)) };
    const faults = new Faults(servers, options.onFault);
    this.#setAside = new SetAside(servers, faults);
    this.#index = new LabIndex(servers, keys, this.#pages, this.#states);
    this.#indexReading = new IndexReading(servers, keys, this.#pages, this.#index.lateLists, faults);
    this.#folding = new Folding(servers, keys, this.#pages, this.#states, this.#setAside, options.foldLimits);
    this.#committing = new Committing({
      servers,
      keys,
      pages: this.#pages,
      states: this.#states,
      index: this.#index,
      late: new LateRows(servers, keys, this.#pages, this.#setAside),
      folding: this.#folding,
      faults,
      labsMax,
      process: options.process ?? randomUUID(),
    });
    this.#values = new LabValues(
      servers,
      keys,
      faults,
      (unreadable) => this.#mend(unreadable),
      (labs) => {
        for (const lab of labs) this.#indexReading.known.forget(labPartition(lab));
      },
    );
    this.#restoring = new Restoring({
      servers,
      keys,
      pages: this.#pages,
      states: this.#states,
      index: this.#index,
      values: this.#values,
      folding: this.#folding,
      labsMax,
    });
    this.#books = new RedisBooks(servers, keys, this.#setAside, faults, rejectionsMax);
    this.#sessions = new RedisSessions(servers, keys, this.#setAside, faults);
  }

  async commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    const refusal = this.#servers.links.find(({ isRefused }) => isRefused);
    try {
      if (this.#servers.isOne || refusal !== undefined) (refusal ?? this.#servers.links[0]!).writable();
    } catch (error) {
      throw new CommitError(messageOf(error), emptyCommitResult(), batch, { cause: error });
    }
    const listed = this.#books.listRejections(batch.rejections).then(
      () => undefined,
      (error: unknown) => error,
    );
    const { done, remaining, error } = await this.#commitByServer(batch, nowMs);
    const unlisted = await listed;
    if (error === undefined && unlisted === undefined) return done;
    if (unlisted !== undefined) for (const rejection of batch.rejections) remaining.list(rejection);
    throw new CommitError(error?.message ?? `Redis: ${messageOf(unlisted)}`, done, remaining, {
      cause: error?.cause ?? unlisted,
    });
  }

  /** Commits the labs of each server by themselves: one that fails fails for its own. */
  async #commitByServer(batch: Batch, nowMs: number): Promise<Committed> {
    const all: Committed = { done: emptyCommitResult(), remaining: new Batch(), error: undefined };
    const fail = (error: Error, remaining: Batch) => {
      all.error ??= error;
      for (const [lab, rows] of remaining.rowsByLab) all.remaining.addRows(lab, rows);
    };
    const commit = async (some: Batch, link: RedisLink) => {
      try {
        addResult(all.done, await this.#committing.commit(some, nowMs, link));
      } catch (error) {
        if (!(error instanceof CommitError)) throw error;
        addResult(all.done, error.done);
        fail(error, error.remaining);
      }
    };
    if (this.#servers.isOne) {
      await commit(batch, this.#servers.links[0]!);
      return all;
    }
    const byLink = new Map<RedisLink, Batch>();
    const ofPartition = new Map<number, Batch | Error>();
    const find = (partition: number): Batch | Error => {
      try {
        const link = this.#servers.linkOf(partition);
        link.writable();
        const some = byLink.get(link) ?? new Batch();
        byLink.set(link, some);
        return some;
      } catch (error) {
        return error as Error;
      }
    };
    for (const [lab, rows] of batch.rowsByLab) {
      const partition = labPartition(lab);
      let some = ofPartition.get(partition);
      if (some === undefined) {
        some = find(partition);
        ofPartition.set(partition, some);
      }
      if (some instanceof Batch) some.shareRows(lab, rows);
      else {
        all.error ??= some;
        all.remaining.addRows(lab, rows);
      }
    }
    await Promise.all([...byLink].map(([link, some]) => commit(some, link)));
    return all;
  }

  async *buckets(
    labs: readonly string[] | 'all',
    resolution: Resolution,
    startS: number,
    nowMs: number,
    withHistograms = true,
  ): AsyncIterable<readonly LabBucket[]> {
    if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) return;
    if (labs === 'all') checkAll(this.#servers);
    // The index has a time that is in the same longest-lived bucket as the newest observation, or in a later one. It may
    // have been written when another resolution lived longest.
    const sinceS = startS - Math.max(this.#pages.longest.durationS, INDEXED_S_MIN);
    const reading = new BucketReading(this.#values, this.#pages, resolution, startS, nowMs, withHistograms);
    const lateBeforeS = reading.usesPages ? startS + resolution.durationS : undefined;
    const asked =
      labs === 'all'
        ? this.#indexReading.labsSince(sinceS, PAGE_LABS, nowMs, lateBeforeS)
        : labsPagesOf(labs);
    const found = readAhead(asked, PAGES_AHEAD, this.#aheadRoom, ({ labs: some, late }) =>
      reading.of(some, late),
    );
    for await (const page of found) if (page.length > 0) yield page;
  }

  async restore(buckets: readonly StoredBucket[], nowMs: number): Promise<readonly RestoreFate[]> {
    checkAll(this.#servers);
    return this.#restoring.restore(buckets, nowMs);
  }

  async series(
    lab: string,
    resolution: Resolution,
    fromS: number,
    toS: number,
    nowMs: number,
    withHistograms = true,
  ): Promise<readonly LabBucket[]> {
    const [buckets] = await this.seriesOf([lab], resolution, fromS, toS, nowMs, withHistograms);
    return buckets!;
  }

  async seriesOf(
    labs: readonly string[],
    resolution: Resolution,
    fromS: number,
    toS: number,
    nowMs: number,
    withHistograms = true,
  ): Promise<readonly (readonly LabBucket[])[]> {
    const reading = new SeriesReading(
      this.#values,
      this.#pages,
      resolution,
      fromS,
      toS,
      nowMs,
      withHistograms,
    );
    const found = await reading.of(labs);
    return found.map((buckets) => buckets ?? []);
  }

  async labs(after: string, limit: number, nowMs: number): Promise<readonly string[]> {
    checkAll(this.#servers);
    return this.#indexReading.names(after, limit, nowMs);
  }

  async latest(labs: readonly string[], nowMs: number): Promise<readonly (LabBucket | undefined)[]> {
    const newest: (LabBucket | undefined)[] = [];
    for (const some of pagesOf(labs))
      newest.push(...(await readLatest(this.#values, this.#pages, some, nowMs)));
    return newest;
  }

  rejections(limit: number): Promise<readonly Rejection[]> {
    return this.#books.rejections(limit);
  }

  async share(name: string, text: string): Promise<void> {
    await this.#books.share(name, text);
  }

  shared(name: string, known?: string): Promise<SharedText | 'unchanged' | undefined> {
    return this.#books.shared(name, known);
  }

  async reportLedger(report: LedgerReport): Promise<void> {
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
    checkAll(this.#servers);
    await Promise.all(this.#servers.links.map((link) => link.writable().ping()));
    await checkArrivals(this.#servers);
    for (const link of this.#servers.links) link.lookAgain().catch(() => {});
  }

  warnings(): readonly string[] {
    return this.#servers.links.flatMap(({ warnings }) => warnings);
  }

  figures(): StoreFigures {
    return { connections: this.#connections };
  }

  health(): StoreHealth {
    if (this.#servers.links.some(({ isRefused }) => isRefused)) return 'lost';
    return missingOf(this.#servers).length === 0 ? 'ok' : 'degraded';
  }

  /** The connections, for tests that disturb them. */
  get connections(): { readonly commits: ScriptedRedis; readonly reads: ScriptedRedis } {
    return this.#servers.links[0]!;
  }

  /** Resolves when every head that is due is folded. */
  whenFolded(): Promise<void> {
    return this.#folding.whenIdle();
  }

  async close(): Promise<void> {
    this.#folding.stop();
    this.#index.lateLists.stop();
    this.#servers.close();
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

/** What became of a batch, by all servers together. */
interface Committed {
  readonly done: CommitResult;
  readonly remaining: Batch;
  error: Error | undefined;
}

function openServers(url: string, options: ServersOptions, keys: Keys): Servers {
  const topology = topologyOf(url);
  return topology.kind === 'cluster'
    ? new ClusterServers(topology.seeds, options, keys)
    : new FixedServers(topology.servers, options, keys);
}

async function* labsPagesOf(labs: readonly string[]): AsyncIterable<LabsPage> {
  for (const some of pagesOf(labs)) yield { labs: some, late: undefined };
}

function* pagesOf(labs: readonly string[]): Iterable<readonly string[]> {
  for (let i = 0; i < labs.length; i += PAGE_LABS) yield labs.slice(i, i + PAGE_LABS);
}
