import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { unpackAggregate } from '../aggregate/packed-aggregate.js';
import { bucketExpiryS, bucketStartS, type Resolution, reachS } from '../grid/bucket-grid.js';
import type { Rejection } from '../observation/rejection.js';
import { Batch, ROW_LENGTH } from '../store/batch.js';
import { type BatchPart, partsOf } from '../store/batch-part.js';
import { LEDGER_REPORT_KEPT_S, type StoreCount } from '../store/books.js';
import type { LabBucket, StoreHealth } from '../store/bucket-store.js';
import { CommitError, type CommitResult, emptyCommitResult } from '../store/commit-result.js';
import type { LedgerReport } from '../store/ledger-counters.js';
import type { SessionRecord } from '../store/session-register.js';
import type { Store } from '../store/store.js';
import type { StoreFault } from '../store/store-fault.js';
import type { StoreOptions } from '../store/store-options.js';
import { commitParts, defineCommitScript, partResult } from './commit-script.js';
import { connectRedis, type RedisConnectionOptions } from './connection.js';
import { Keys } from './keys.js';
import { LabIndex } from './lab-index.js';
import { oneAhead } from './one-ahead.js';
import { executePipeline } from './pipeline.js';

export interface RedisStoreOptions extends StoreOptions, RedisConnectionOptions {
  /** In front of every key. */
  readonly prefix: string;
  /** Told of what will do harm one day, once. */
  readonly onWarning?: (message: string) => void;
}

/** Parts in one call of the commit script: bounds how long the server serves nobody else. */
const PARTS_PER_CALL = 256;
/** Labs in one page of summaries, and in one MGET. */
const PAGE_LABS = 500;

/** Buckets in a Redis (6.2 or later) or Valkey server. */
export class RedisStore implements Store {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #index: LabIndex;
  #closed = false;
  readonly #counted: { process: string; committed: number; duplicate: number; suspended: number };
  #evictionPolicy = 'noeviction';
  #connection = { connected: false, reason: 'not connected yet' };

  constructor(readonly options: RedisStoreOptions) {
    this.#keys = new Keys(options.prefix);
    this.#counted = { process: options.process ?? randomUUID(), committed: 0, duplicate: 0, suspended: 0 };
    this.#redis = connectRedis({
      ...options,
      onConnection: (state) => {
        this.#connection = state;
        this.#index.forget();
        if (!this.#closed) options.onConnection?.(state);
        if (state.connected) void this.#warnOfEviction();
      },
    });
    this.#index = new LabIndex(this.#redis, this.#keys, options.grid);
    defineCommitScript(this.#redis);
  }

  async commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    const result = emptyCommitResult();
    try {
      const parts = await this.#prepare(batch, nowMs, result);
      const indexed = await this.#index.write(parts, nowMs);
      return await this.#commitParts(parts, indexed, batch.rejections, nowMs, result);
    } catch (error) {
      if (error instanceof CommitError) throw error;
      throw new CommitError(`Redis: ${messageOf(error)}`, emptyCommitResult(), batch, { cause: error });
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
    const pages =
      labs === 'all' ? this.#index.labsOfBucket(resolution, startS, PAGE_LABS) : pagesOf(labs, PAGE_LABS);
    for await (const found of oneAhead(pages, (labs) => {
      const wanted = labs.map((lab) => ({ lab, startS }));
      return this.#buckets(resolution, wanted, withHistograms);
    })) {
      const page = found.filter((bucket) => bucket !== undefined);
      if (page.length > 0) yield page;
    }
  }

  async series(
    lab: string,
    resolution: Resolution,
    fromS: number,
    toS: number,
    nowMs: number,
  ): Promise<readonly LabBucket[]> {
    const wanted = [];
    for (let startS = fromS; startS < toS; startS += resolution.durationS)
      if (bucketExpiryS(startS, resolution) * 1000 > nowMs) wanted.push({ lab, startS });
    return (await this.#buckets(resolution, wanted)).filter((bucket) => bucket !== undefined);
  }

  async labs(after: string, limit: number, nowMs: number): Promise<readonly string[]> {
    return this.#index.names(after, limit, nowMs);
  }

  async latest(labs: readonly string[], nowMs: number): Promise<readonly (LabBucket | undefined)[]> {
    const { alignmentS, resolutions } = this.options.grid;
    const times = await this.#index.newestTimes(labs);
    const newest: (LabBucket | undefined)[] = labs.map(() => undefined);
    // The longest-lived has it, unless that is new in the configuration, or was shorter-lived before.
    for (const resolution of [...resolutions].sort((a, b) => reachS(b) - reachS(a))) {
      const wanted = labs.flatMap((lab, i) => {
        const startS = bucketStartS(times[i] ?? Number.NaN, resolution.durationS, alignmentS);
        const isKept = bucketExpiryS(startS, resolution) * 1000 > nowMs;
        return newest[i] === undefined && isKept ? [{ i, lab, startS }] : [];
      });
      const buckets = await this.#buckets(resolution, wanted);
      wanted.forEach(({ i }, j) => {
        newest[i] = buckets[j];
      });
    }
    return newest;
  }

  async rejections(limit: number): Promise<readonly Rejection[]> {
    // The list may have been kept with a larger maximum.
    const count = Math.min(limit, this.options.rejectionsMax);
    if (count <= 0) return [];
    const texts = await this.#redis.lrange(this.#keys.rejections(), 0, count - 1);
    return texts.map((text) => JSON.parse(text) as Rejection);
  }

  async counted(): Promise<readonly StoreCount[]> {
    return [{ ...this.#counted }];
  }

  async faults(): Promise<readonly StoreFault[]> {
    return [];
  }

  async reportLedger(report: LedgerReport): Promise<void> {
    await this.#redis.hset(this.#keys.ledgers(), report.process, JSON.stringify(report));
    await this.#redis.expire(this.#keys.ledgers(), LEDGER_REPORT_KEPT_S);
  }

  async ledgers(nowMs: number): Promise<readonly LedgerReport[]> {
    const texts = await this.#redis.hvals(this.#keys.ledgers());
    const reports = texts.map((text) => JSON.parse(text) as LedgerReport);
    const old = reports.filter((report) => report.reportedMs + LEDGER_REPORT_KEPT_S * 1000 <= nowMs);
    if (old.length > 0) await this.#redis.hdel(this.#keys.ledgers(), ...old.map((report) => report.process));
    return reports.filter((report) => !old.includes(report));
  }

  // By the server's clock, so that the clocks of workers may differ.
  async touchSession(name: string, owner: string, aliveS: number, value = ''): Promise<void> {
    const pipeline = this.#redis.pipeline();
    pipeline.set(this.#keys.sessionOwner(name), owner, 'EX', aliveS);
    pipeline.hset(this.#keys.sessions(), name, value);
    await executePipeline(pipeline);
  }

  async sessionOwner(name: string): Promise<string | undefined> {
    return (await this.#redis.get(this.#keys.sessionOwner(name))) ?? undefined;
  }

  async sessions(): Promise<readonly SessionRecord[]> {
    const records = Object.entries(await this.#redis.hgetall(this.#keys.sessions()));
    const pipeline = this.#redis.pipeline();
    for (const [name] of records) pipeline.exists(this.#keys.sessionOwner(name));
    const alive = await executePipeline(pipeline);
    return records.map(([name, value], i) => ({ name, value, abandoned: alive[i] === 0 }));
  }

  async forgetSession(name: string): Promise<void> {
    await this.#redis.hdel(this.#keys.sessions(), name);
  }

  async ping(): Promise<void> {
    if (!this.#connection.connected) throw new Error(`Redis is not connected: ${this.#connection.reason}`);
    await this.#redis.ping();
  }

  health(): StoreHealth {
    return this.#connection.connected ? 'ok' : 'degraded';
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#redis.disconnect();
  }

  /** A server that evicts keys loses buckets without an error. INFO, because managed servers have no CONFIG. */
  async #warnOfEviction(): Promise<void> {
    const info = await this.#redis.info('memory').catch(() => '');
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? this.#evictionPolicy;
    if (policy !== 'noeviction' && policy !== this.#evictionPolicy)
      this.options.onWarning?.(
        `Redis evicts buckets once its memory is full (maxmemory-policy ${policy}): set it to noeviction`,
      );
    this.#evictionPolicy = policy;
  }

  /** The parts to commit. Labs beyond the limit and expired rows are counted in `result` instead. */
  async #prepare(batch: Batch, nowMs: number, result: CommitResult): Promise<BatchPart[]> {
    const { grid, labsMax } = this.options;
    const refused = await this.#index.beyondLimit(batch.rowsByLab.keys(), labsMax, nowMs);
    const parts: BatchPart[] = [];
    for (const [lab, rows] of batch.rowsByLab) {
      if (refused.has(lab)) {
        result.tooManyLabs += rows.length / ROW_LENGTH;
        result.refusedLabs.add(lab);
        continue;
      }
      const split = partsOf(lab, rows, grid, nowMs);
      for (const part of split.parts) parts.push(part);
      result.expired += split.expired;
    }
    return parts;
  }

  async #commitParts(
    parts: readonly BatchPart[],
    indexed: ReadonlySet<BatchPart>,
    rejections: readonly Rejection[],
    nowMs: number,
    result: CommitResult,
  ): Promise<CommitResult> {
    const { grid, deduplicationHorizonS } = this.options;
    const calls: Promise<number[]>[] = [];
    for (let i = 0; i < parts.length; i += PARTS_PER_CALL) {
      const some = parts.slice(i, i + PARTS_PER_CALL);
      calls.push(commitParts(this.#redis, some, indexed, this.#keys, grid, deduplicationHorizonS, nowMs));
    }
    const listing = this.#listRejections(rejections).then(
      () => undefined,
      (error: Error) => error,
    );
    const replies = await Promise.allSettled(calls);
    let failure = await listing;
    const remaining = new Batch();
    if (failure !== undefined) for (const rejection of rejections) remaining.list(rejection);
    const unindexed: BatchPart[] = [];
    parts.forEach((part, i) => {
      const reply = replies[Math.floor(i / PARTS_PER_CALL)]!;
      if (reply.status === 'rejected') {
        failure ??= reply.reason as Error;
        remaining.addRows(part.lab, part.rows);
        this.#index.forgetLab(part.lab);
        return;
      }
      const { counted, suspended, created } = partResult(reply.value[i % PARTS_PER_CALL]!);
      result.committed += counted;
      result.duplicate += part.rows.length / ROW_LENGTH - counted;
      if (suspended) result.suspended += counted;
      this.#counted.committed += counted;
      this.#counted.duplicate += part.rows.length / ROW_LENGTH - counted;
      if (suspended) this.#counted.suspended += counted;
      if (created && !indexed.has(part)) unindexed.push(part);
    });
    if (unindexed.length > 0) {
      // The server has lost what this process had written, by a FLUSHALL say.
      this.#index.forget();
      failure ??= await this.#index.write(unindexed, nowMs).then(
        () => undefined,
        (error: Error) => error,
      );
    }
    if (failure) throw new CommitError(`Redis: ${messageOf(failure)}`, result, remaining, { cause: failure });
    return result;
  }

  async #listRejections(rejections: readonly Rejection[]): Promise<void> {
    if (rejections.length === 0) return;
    const { rejectionsMax } = this.options;
    const key = this.#keys.rejections();
    const pipeline = this.#redis.pipeline();
    if (rejectionsMax === 0) pipeline.del(key);
    else {
      pipeline.lpush(key, ...rejections.map((rejection) => JSON.stringify(rejection)));
      pipeline.ltrim(key, 0, rejectionsMax - 1);
    }
    await executePipeline(pipeline);
  }

  /** The wanted buckets in the same order; undefined where there is none. */
  async #buckets(
    resolution: Resolution,
    wanted: readonly { readonly lab: string; readonly startS: number }[],
    withHistograms = true,
  ): Promise<(LabBucket | undefined)[]> {
    const buckets: (LabBucket | undefined)[] = [];
    for (let i = 0; i < wanted.length; i += PAGE_LABS) {
      const page = wanted.slice(i, i + PAGE_LABS);
      const values = await this.#redis.mgetBuffer(
        page.map(({ lab, startS }) => this.#keys.bucket(lab, resolution.durationS, startS)),
      );
      page.forEach(({ lab, startS }, j) => {
        const value = values[j];
        buckets.push(value ? { lab, startS, aggregate: unpackAggregate(value, withHistograms) } : undefined);
      });
    }
    return buckets;
  }
}

async function* pagesOf(labs: readonly string[], pageLabs: number): AsyncIterable<readonly string[]> {
  for (let i = 0; i < labs.length; i += pageLabs) yield labs.slice(i, i + pageLabs);
}

/** ioredis speaks of its own options where a user wants to know what happened. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'MaxRetriesPerRequestError') return 'the connection was lost before the answer came';
  if (error.message.includes('enableOfflineQueue')) return 'not connected';
  return error.message;
}
