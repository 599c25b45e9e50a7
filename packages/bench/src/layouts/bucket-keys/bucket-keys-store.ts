import {
  Batch,
  bucketExpiryS,
  bucketStartS,
  CommitError,
  type CommitResult,
  emptyCommitResult,
  type LabBucket,
  type Resolution,
  ROW_LENGTH,
  reachS,
  type StoreOptions,
  unpackAggregate,
} from '@humtemp/bucket-core';
import { Redis } from 'ioredis';
import { type BatchPart, partsOf } from './batch-part.js';
import { commitParts, defineCommitScript, partResult } from './commit-script.js';
import { Keys } from './keys.js';
import { LabIndex } from './lab-index.js';
import { oneAhead } from './one-ahead.js';

export interface BucketKeysOptions extends StoreOptions {
  readonly url: string;
  /** In front of every key. */
  readonly prefix: string;
}

/** Parts in one call of the commit script: bounds how long the server serves nobody else. */
const PARTS_PER_CALL = 256;
/** Labs in one page of summaries, and in one MGET. */
const PAGE_LABS = 500;

/**
 * Buckets in Redis as humtemp kept them before it had pages: a key for each bucket, and a set of identities for each hour, of
 * each lab. Kept to measure beside.
 */
export class BucketKeysStore {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #index: LabIndex;

  constructor(readonly options: BucketKeysOptions) {
    this.#keys = new Keys(options.prefix);
    this.#redis = new Redis(options.url);
    this.#index = new LabIndex(this.#redis, this.#keys, options.grid);
    defineCommitScript(this.#redis);
  }

  async commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    const result = emptyCommitResult();
    try {
      const parts = await this.#prepare(batch, nowMs, result);
      const indexed = await this.#index.write(parts, nowMs);
      return await this.#commitParts(parts, indexed, nowMs, result);
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

  async ping(): Promise<void> {
    await this.#redis.ping();
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
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
    nowMs: number,
    result: CommitResult,
  ): Promise<CommitResult> {
    const { grid, deduplicationHorizonS } = this.options;
    const calls: Promise<number[]>[] = [];
    for (let i = 0; i < parts.length; i += PARTS_PER_CALL) {
      const some = parts.slice(i, i + PARTS_PER_CALL);
      calls.push(commitParts(this.#redis, some, indexed, this.#keys, grid, deduplicationHorizonS, nowMs));
    }
    const replies = await Promise.allSettled(calls);
    let failure: Error | undefined;
    const remaining = new Batch();
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
