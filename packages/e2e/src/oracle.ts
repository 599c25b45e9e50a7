import assert from 'node:assert/strict';
import {
  type Aggregate,
  type BucketStore,
  emptyAggregate,
  mergeAggregate,
  type Resolution,
} from '@humtemp/bucket-core';
import { RedisStore } from '@humtemp/bucket-core/redis';
import { DEFAULT_GRID } from './default-grid.js';
import type { LabRecord } from './recorded-load.js';

/** Everything of each lab at one resolution, merged over all its live buckets. */
export async function countedByLab(
  store: BucketStore,
  resolution: Resolution,
): Promise<Map<string, Aggregate>> {
  const nowMs = Date.now();
  const counted = new Map<string, Aggregate>();
  for (let offset = -resolution.retention; offset <= 1; offset++) {
    const startS = Math.floor(nowMs / 1000 / resolution.durationS + offset) * resolution.durationS;
    for await (const page of store.buckets('all', resolution, startS, nowMs))
      for (const { lab, aggregate } of page) {
        const sum = counted.get(lab) ?? emptyAggregate();
        mergeAggregate(sum, aggregate);
        counted.set(lab, sum);
      }
  }
  return counted;
}

/** How many observations more (or, negative, fewer) than recorded are counted, in all. */
export interface Verdict {
  readonly recorded: number;
  readonly counted: number;
  readonly lost: number;
  readonly countedTwice: number;
}

/**
 * Holds what the store has counted against what was published: every lab's number, sums, minimum and maximum,
 * at every resolution, so that a bucket that is not whole shows.
 */
export async function checkExact(
  record: ReadonlyMap<string, LabRecord>,
  store: BucketStore,
): Promise<Verdict> {
  let verdict: Verdict | undefined;
  for (const resolution of DEFAULT_GRID.resolutions) {
    const counted = await countedByLab(store, resolution);
    verdict = verdictOf(record, counted);
    assert.deepEqual([verdict.lost, verdict.countedTwice], [0, 0], `resolution ${resolution.durationS} s`);
    for (const [lab, expected] of record) {
      const { temp, humidity } = counted.get(lab)!;
      const actual = {
        observations: temp.count,
        tempSum: temp.sum,
        humiditySum: humidity.sum,
        tempMin: temp.min,
        tempMax: temp.max,
      };
      assert.deepEqual(actual, expected, `${lab} at ${resolution.durationS} s`);
    }
  }
  return verdict!;
}

export function verdictOf(
  record: ReadonlyMap<string, LabRecord>,
  counted: ReadonlyMap<string, Aggregate>,
): Verdict {
  let [recorded, total, lost, countedTwice] = [0, 0, 0, 0];
  for (const [lab, { observations }] of record) {
    const actual = counted.get(lab)?.observations ?? 0;
    recorded += observations;
    total += actual;
    lost += Math.max(0, observations - actual);
    countedTwice += Math.max(0, actual - observations);
  }
  for (const [lab, { observations }] of counted)
    if (!record.has(lab)) assert.fail(`${lab} was never published, and has ${observations} observations`);
  return { recorded, counted: total, lost, countedTwice };
}

/**
 * Waits until as many observations are counted as were recorded, or until that stands still for `stillMs`.
 */
export async function settled(
  record: ReadonlyMap<string, LabRecord>,
  store: BucketStore,
  stillMs = 15_000,
): Promise<Verdict> {
  const [primary] = DEFAULT_GRID.resolutions;
  let best: Verdict | undefined;
  for (let changedMs = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 250))) {
    const verdict = verdictOf(record, await countedByLab(store, primary!).catch(() => new Map()));
    if (verdict.lost === 0) return verdict;
    if (verdict.counted !== best?.counted) changedMs = Date.now();
    best = verdict;
    if (Date.now() - changedMs > stillMs) return verdict;
  }
}

/** The buckets of a Redis, to look at. */
export async function openRedisStore(url: string): Promise<RedisStore> {
  const store = new RedisStore({
    url,
    prefix: 'humtemp:',
    replyTimeoutMs: 5000,
    grid: DEFAULT_GRID,
    deduplicationHorizonS: 172_800,
    labsMax: 1_000_000,
    rejectionsMax: 1000,
  });
  for (let i = 0; i < 200; i++) {
    const ready = await store.ping().then(
      () => true,
      () => false,
    );
    if (ready) return store;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await store.close();
  throw new Error(`no Redis at ${url}`);
}
