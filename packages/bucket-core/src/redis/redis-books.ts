import { createHash } from 'node:crypto';
import type { Rejection } from '../observation/rejection.js';
import {
  COUNTS_KEPT_S,
  LEDGER_REPORT_KEPT_S,
  SHARED_KEPT_S,
  type SharedText,
  type StoreCount,
} from '../store/books.js';
import type { LedgerReport } from '../store/ledger-counters.js';
import type { StoreFault } from '../store/store-fault.js';
import { askEach, at, type Side } from './asking.js';
import type { Faults } from './faults.js';
import { BOOKS, type Keys, PARTITIONS } from './keys.js';
import { executePipeline } from './pipeline.js';
import { isReply, isWrongType } from './redis-errors.js';
import type { ScriptedRedis } from './scripts.js';
import { checkAll, type Servers } from './servers.js';
import { OTHER_TYPE, type SetAside } from './set-aside.js';

/** Digits of a SHA-256. */
const VERSION_DIGITS = 64;

/** Rejections, reports, counts, faults and shared texts in Redis. */
export class RedisBooks {
  constructor(
    readonly servers: Servers,
    readonly keys: Keys,
    readonly setAside: SetAside,
    readonly faults: Faults,
    readonly rejectionsMax: number,
  ) {}

  /**
   * Lists rejections. What Redis answers is no reason to fail a commit, and of several servers the one that has the list must
   * not hold up the others. @throws when there is no answer.
   */
  async listRejections(rejections: readonly Rejection[]): Promise<void> {
    if (rejections.length === 0) return;
    const key = this.keys.rejections();
    const texts = rejections.map((rejection) => JSON.stringify(rejection));
    const write = () =>
      this.#at('commits', (redis) => {
        const pipeline = redis.pipeline();
        if (this.rejectionsMax === 0) pipeline.del(key);
        else pipeline.lpush(key, ...texts).ltrim(key, 0, this.rejectionsMax - 1);
        return executePipeline(pipeline);
      });
    try {
      await this.#ours(key, write);
    } catch (error) {
      if (!isReply(error) && this.servers.isOne) throw error;
      this.faults.report(key, (error as Error).message);
    }
  }

  async rejections(limit: number): Promise<readonly Rejection[]> {
    // The list may have been kept with a larger maximum.
    const count = Math.min(limit, this.rejectionsMax);
    if (count <= 0) return [];
    const key = this.keys.rejections();
    return this.#parsed(key, await this.#readable(key, (reads) => reads.lrange(key, 0, count - 1)));
  }

  async reportLedger(report: LedgerReport): Promise<void> {
    const key = this.keys.ledgers();
    await this.#ours(key, () =>
      this.#at('commits', (redis) =>
        executePipeline(
          redis
            .pipeline()
            .hset(key, report.process, JSON.stringify(report))
            .expire(key, LEDGER_REPORT_KEPT_S),
        ),
      ),
    );
  }

  async ledgers(nowMs: number): Promise<readonly LedgerReport[]> {
    const key = this.keys.ledgers();
    const reports = this.#parsed<LedgerReport>(key, await this.#readable(key, (reads) => reads.hvals(key)));
    const old = reports.filter((report) => report.reportedMs + LEDGER_REPORT_KEPT_S * 1000 <= nowMs);
    if (old.length > 0)
      await this.#at('reads', (reads) => reads.hdel(key, ...old.map((report) => report.process))).catch(
        () => {},
      );
    return reports.filter((report) => !old.includes(report));
  }

  async counted(): Promise<readonly StoreCount[]> {
    checkAll(this.servers);
    const keys = PARTITIONS.map((partition) => this.keys.counts(partition));
    const replies = await askEach(
      this.servers,
      'reads',
      keys,
      (key) => this.keys.placeOf(key),
      (pipeline, key) => pipeline.hgetallBuffer(key),
    );
    const sums = new Map<string, { committed: number; duplicate: number; suspended: number }>();
    const oldestS = Date.now() / 1000 - COUNTS_KEPT_S;
    for (const [i, [error, fields]] of replies.entries()) {
      if (error !== null) {
        if (!isWrongType(error)) throw error;
        this.faults.report(keys[i]!, OTHER_TYPE);
        continue;
      }
      for (const [process, packed] of Object.entries(fields as Record<string, Buffer>)) {
        // The script writes four doubles: committed, duplicate, suspended, Unix seconds.
        if (packed.length !== 32 || packed.readDoubleLE(24) < oldestS) continue;
        const sum = sums.get(process) ?? { committed: 0, duplicate: 0, suspended: 0 };
        sum.committed += packed.readDoubleLE(0);
        sum.duplicate += packed.readDoubleLE(8);
        sum.suspended += packed.readDoubleLE(16);
        sums.set(process, sum);
      }
    }
    return [...sums].map(([process, sum]) => ({ process, ...sum }));
  }

  async listedFaults(limit: number): Promise<readonly StoreFault[]> {
    if (limit <= 0) return [];
    const key = this.keys.faults();
    try {
      const texts = await this.#at('reads', (reads) => reads.lrange(key, 0, limit - 1));
      return this.#parsed<StoreFault>(key, texts);
    } catch (error) {
      if (!isReply(error)) throw error;
      // The list itself is one: what this process knows has to do.
      return this.faults.newest.slice(0, limit);
    }
  }

  async share(name: string, text: string): Promise<void> {
    const key = this.keys.shared(name);
    const version = createHash('sha256').update(text).digest('hex');
    await this.#at('commits', (redis) => redis.set(key, version + text, 'EX', SHARED_KEPT_S));
  }

  async shared(name: string, known?: string): Promise<SharedText | 'unchanged' | undefined> {
    const key = this.keys.shared(name);
    const [version = ''] = await this.#readable(key, async (reads) => [
      await reads.getrange(key, 0, VERSION_DIGITS - 1),
    ]);
    if (version.length < VERSION_DIGITS) return undefined;
    if (version === known) return 'unchanged';
    const value = (await this.#at('reads', (reads) => reads.get(key))) ?? '';
    return value === ''
      ? undefined
      : { version: value.slice(0, VERSION_DIGITS), text: value.slice(VERSION_DIGITS) };
  }

  /** Does something with a key of ours. What is there of another type is set aside first. */
  async #ours(key: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isWrongType(error)) throw error;
      await this.setAside.ofOtherType(key);
      await work();
    }
  }

  #at<T>(side: Side, work: (redis: ScriptedRedis) => Promise<T>): Promise<T> {
    return at(this.servers, side, BOOKS, work);
  }

  async #readable(key: string, read: (reads: ScriptedRedis) => Promise<string[]>): Promise<string[]> {
    try {
      return await this.#at('reads', read);
    } catch (error) {
      if (!isWrongType(error)) throw error;
      this.faults.report(key, OTHER_TYPE);
      return [];
    }
  }

  /** Texts as what they hold; what is no JSON is left out and reported. */
  #parsed<T = Rejection>(key: string, texts: readonly string[]): T[] {
    return texts.flatMap((text) => {
      try {
        return [JSON.parse(text) as T];
      } catch {
        this.faults.report(key, 'an entry is not JSON');
        return [];
      }
    });
  }
}
