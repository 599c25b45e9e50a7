import { randomUUID } from 'node:crypto';
import { LAB_PARTITIONS, labPartition } from '../observation/lab-id.js';
import { askEach, at } from './asking.js';
import { BOOKS, type Keys, PARTITIONS } from './keys.js';
import { isWrongType } from './redis-errors.js';
import { missingOf, type Servers } from './servers.js';

/** How long a process may take to admit labs; after that, another may. */
const ADMISSION_MS_MAX = 10_000;
const ADMISSION_WAIT_MS = 10;
/** Labs that are admitted at a time. */
const LABS_AT_ONCE = 1000;

/**
 * Admits new labs as long as there are fewer than so many. Labs that are in the index already are asked for first, and
 * are the rule. On one server one script counts and admits. On several a process has to hold the key
 * `admission` meanwhile, so that no two count at the same time, and the number is exact; with two exceptions:
 *
 * - While servers are out of reach, labs on them are counted as the average of the others; and without the books nobody
 *   holds the key. What comes to be too much by that stays.
 * - A process that stands still for longer than ADMISSION_MS_MAX after it has counted may add up to LABS_AT_ONCE too many.
 */
export class Admission {
  constructor(
    readonly servers: Servers,
    readonly keys: Keys,
  ) {}

  /** Which of these labs are refused. @param oldestS a lab that the index has from before is no more, Unix seconds */
  async refused(labs: readonly string[], labsMax: number, oldestS: number): Promise<ReadonlySet<string>> {
    const refused = new Set<string>();
    // What takes very many at once would hold up everybody else.
    for (let i = 0; i < labs.length; i += LABS_AT_ONCE) {
      const some = labs.slice(i, i + LABS_AT_ONCE);
      const not = this.servers.isOne
        ? await this.#onOne(some, labsMax, oldestS)
        : await this.#onSeveral(some, labsMax, oldestS);
      for (const lab of not) refused.add(lab);
    }
    return refused;
  }

  /** The only caller of admit.lua. */
  async #onOne(labs: readonly string[], labsMax: number, oldestS: number): Promise<string[]> {
    const redis = this.servers.linkOf(BOOKS).writable();
    const named = labs.flatMap((lab) => [labPartition(lab), lab]);
    const before = this.keys.beforePartition();
    const numbers = await redis.humtemp_admit(0, before, LAB_PARTITIONS, labsMax, oldestS, ...named);
    return numbers.map((number) => labs[number - 1]!);
  }

  async #onSeveral(labs: readonly string[], labsMax: number, oldestS: number): Promise<readonly string[]> {
    const unknown = await this.#unknown(labs, oldestS);
    if (unknown.length === 0) return unknown;
    const token = randomUUID();
    const held = await this.#hold(token);
    try {
      const added = await this.#unknown(unknown, oldestS);
      const room = Math.max(0, labsMax - (await this.#count(oldestS)));
      const admitted = added.slice(0, room);
      await askEach(this.servers, 'commits', admitted, labPartition, (pipeline, lab) =>
        pipeline.zadd(this.keys.labs(labPartition(lab)), 'GT', oldestS, lab),
      );
      return added.slice(room);
    } finally {
      if (held) await this.#release(token);
    }
  }

  /** Those that the index does not have. */
  async #unknown(labs: readonly string[], oldestS: number): Promise<string[]> {
    const byPartition = new Map<number, string[]>();
    for (const lab of labs) {
      const partition = labPartition(lab);
      const some = byPartition.get(partition);
      if (some === undefined) byPartition.set(partition, [lab]);
      else some.push(lab);
    }
    const asked = [...byPartition];
    const replies = await askEach(
      this.servers,
      'commits',
      asked,
      ([partition]) => partition,
      (pipeline, [partition, some]) => pipeline.zmscore(this.keys.labs(partition), ...some),
    );
    return asked.flatMap(([, some], i) => {
      const [error, scores] = replies[i]!;
      // What is of another type is set aside by the commit.
      if (error !== null && isWrongType(error)) return [];
      if (error !== null) throw error;
      return some.filter((_, j) => {
        const score = (scores as (string | null)[])[j];
        return score === null || Number(score) < oldestS;
      });
    });
  }

  /** How many labs there are; those that are out of reach by estimate. */
  async #count(oldestS: number): Promise<number> {
    const missing = new Set(missingOf(this.servers, PARTITIONS).flatMap(({ partitions }) => partitions));
    const reached = PARTITIONS.filter((partition) => !missing.has(partition));
    const replies = await askEach(
      this.servers,
      'commits',
      reached,
      (partition) => partition,
      (pipeline, partition) => pipeline.zcount(this.keys.labs(partition), oldestS, '+inf'),
    );
    let count = 0;
    for (const [error, value] of replies) {
      if (error === null) count += value as number;
      else if (!isWrongType(error)) throw error;
    }
    return reached.length === 0 ? 0 : Math.round((count * LAB_PARTITIONS) / reached.length);
  }

  /** @returns false when nobody can hold the key, because the books are out of reach */
  async #hold(token: string): Promise<boolean> {
    for (;;) {
      if (missingOf(this.servers, [BOOKS]).length > 0) return false;
      const taken = await at(this.servers, 'commits', BOOKS, (redis) =>
        redis.set(this.keys.admission(), token, 'PX', ADMISSION_MS_MAX, 'NX'),
      );
      if (taken !== null) return true;
      await new Promise((resolve) => setTimeout(resolve, ADMISSION_WAIT_MS * (0.5 + Math.random())));
    }
  }

  /** The only caller of release.lua. It expires anyhow. */
  async #release(token: string): Promise<void> {
    await at(this.servers, 'commits', BOOKS, (redis) =>
      redis.humtemp_release(1, this.keys.admission(), token),
    ).catch(() => {});
  }
}
