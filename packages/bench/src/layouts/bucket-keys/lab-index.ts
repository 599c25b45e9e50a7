import {
  type BucketGrid,
  bucketExpiryS,
  bucketStartS,
  longestLivedResolution,
  type Resolution,
  reachS,
} from '@humtemp/bucket-core';
import type { Redis } from 'ioredis';
import type { BatchPart } from './batch-part.js';
import { FirstNames } from './first-names.js';
import { IndexCache } from './index-cache.js';
import { type Keys, LAB_PARTITIONS, labPartition } from './keys.js';
import { executePipeline } from './pipeline.js';

/**
 * Which labs there are, and which of them have a given bucket: so that reads never scan the key space. An entry is
 * written before the bucket it names, and only when this process has not written it already; a reader skips an entry
 * whose bucket is missing.
 */
export class LabIndex {
  readonly #written: IndexCache;

  constructor(
    readonly redis: Redis,
    readonly keys: Keys,
    readonly grid: BucketGrid,
  ) {
    this.#written = new IndexCache(grid);
  }

  /** Forgets what was written: the server may have come back without it. */
  forget(): void {
    this.#written.clear();
  }

  /** Forgets what was written of this lab, so that its next part is one that has something to write. */
  forgetLab(lab: string): void {
    this.#written.forgetLab(lab);
  }

  /**
   * Writes the entries that these parts need.
   * @returns the parts that had one to write.
   */
  async write(parts: readonly BatchPart[], nowMs: number): Promise<Set<BatchPart>> {
    const touched = new Set<BatchPart>();
    const labsByKey = new Map<string, { labs: string[]; expiryS: number }>();
    const newestByPartition = new Map<number, (string | number)[]>();
    for (const part of parts) {
      const { lab, startsS } = part;
      const unwritten = startsS.some(
        (startS, i) => startS !== undefined && !this.#written.has(lab, i, startS),
      );
      if (!unwritten) continue;
      touched.add(part);
      const partition = labPartition(lab);
      startsS.forEach((startS, i) => {
        if (startS === undefined || this.#written.has(lab, i, startS)) return;
        this.#written.add(lab, i, startS);
        const resolution = this.grid.resolutions[i]!;
        const key = this.keys.labsOfBucket(partition, resolution.durationS, startS);
        const entry = labsByKey.get(key);
        if (entry === undefined)
          labsByKey.set(key, { labs: [lab], expiryS: bucketExpiryS(startS, resolution) });
        else entry.labs.push(lab);
      });
      const newest = newestByPartition.get(partition) ?? [];
      newest.push(part.fromMs / 1000, lab);
      newestByPartition.set(partition, newest);
    }
    if (touched.size === 0) return touched;

    const pipeline = this.redis.pipeline();
    for (const [key, { labs, expiryS }] of labsByKey) {
      pipeline.sadd(key, ...labs);
      if (this.#written.needsExpiry(key)) pipeline.expireat(key, expiryS);
    }
    for (const [partition, newest] of newestByPartition) {
      const key = this.keys.labs(partition);
      pipeline.zadd(key, 'GT', ...newest);
      pipeline.zremrangebyscore(key, '-inf', `(${this.#oldestKeptS(nowMs)}`);
    }
    try {
      await executePipeline(pipeline);
    } catch (error) {
      this.forget();
      throw error;
    }
    return touched;
  }

  /** Of these labs, the ones that would be new beyond `labsMax` labs in all. */
  async beyondLimit(labs: Iterable<string>, labsMax: number, nowMs: number): Promise<Set<string>> {
    const unknown = [...labs].filter((lab) => !this.#written.knowsLab(lab));
    if (unknown.length === 0) return new Set();
    const pipeline = this.redis.pipeline();
    for (let partition = 0; partition < LAB_PARTITIONS; partition++)
      pipeline.zcount(this.keys.labs(partition), this.#oldestKeptS(nowMs), '+inf');
    for (const lab of unknown) pipeline.zscore(this.keys.labs(labPartition(lab)), lab);
    const replies = await executePipeline(pipeline);
    const known = replies.slice(0, LAB_PARTITIONS).reduce<number>((sum, count) => sum + Number(count), 0);
    const scores = replies.slice(LAB_PARTITIONS);
    const fresh = unknown.filter((_, i) => scores[i] === null);
    return new Set(fresh.slice(Math.max(0, labsMax - known)));
  }

  /**
   * The labs that have a bucket, in pages of so many. While there are few, the sets of all partitions are asked for together;
   * else one after the other, so that the first page does not wait for all.
   */
  async *labsOfBucket(
    { durationS }: Resolution,
    startS: number,
    pageLabs: number,
  ): AsyncIterable<readonly string[]> {
    let labs = await this.#setsOfBucket(durationS, startS, 0, 1);
    const atOnce = labs.length < pageLabs ? LAB_PARTITIONS - 1 : 1;
    for (let partition = 1; ; partition += atOnce) {
      for (; labs.length >= pageLabs; labs = labs.slice(pageLabs)) yield labs.slice(0, pageLabs);
      if (partition === LAB_PARTITIONS) break;
      labs = labs.concat(await this.#setsOfBucket(durationS, startS, partition, atOnce));
    }
    if (labs.length > 0) yield labs;
  }

  /**
   * Names of known labs after `after` in order, at most `limit`. The sets are in the order of times, not of names, so all
   * of them are read.
   */
  async names(after: string, limit: number, nowMs: number): Promise<readonly string[]> {
    const pipeline = this.redis.pipeline();
    for (let partition = 0; partition < LAB_PARTITIONS; partition++)
      pipeline.zrange(this.keys.labs(partition), this.#oldestKeptS(nowMs), '+inf', 'BYSCORE');
    const first = new FirstNames(after, limit);
    for (const reply of (await executePipeline(pipeline)) as string[][])
      for (const lab of reply) if (first.wants(lab)) first.add(lab);
    return first.sorted;
  }

  /** The time that the index has of each lab, Unix milliseconds: see Keys.labs. */
  async newestTimes(labs: readonly string[]): Promise<(number | undefined)[]> {
    const pipeline = this.redis.pipeline();
    for (const lab of labs) pipeline.zscore(this.keys.labsOf(lab), lab);
    const scores = await executePipeline(pipeline);
    return scores.map((score) => (score === null ? undefined : Number(score) * 1000));
  }

  async #setsOfBucket(
    durationS: number,
    startS: number,
    partition: number,
    partitions: number,
  ): Promise<string[]> {
    const pipeline = this.redis.pipeline();
    for (let i = partition; i < partition + partitions; i++)
      pipeline.smembers(this.keys.labsOfBucket(i, durationS, startS));
    return ((await executePipeline(pipeline)) as string[][]).flat();
  }

  /** The start of the oldest bucket that the longest-lived resolution still keeps: a lab lives as long as its newest. */
  #oldestKeptS(nowMs: number): number {
    const longest = longestLivedResolution(this.grid);
    const { durationS } = longest;
    return bucketStartS(nowMs - reachS(longest) * 1000, durationS, this.grid.alignmentS) + durationS;
  }
}
