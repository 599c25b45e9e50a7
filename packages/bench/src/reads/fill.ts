import { Batch, type BucketStore } from '@humtemp/bucket-core';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { Redis } from 'ioredis';
import { say } from '../processes/told.js';
import { openRedisStore, STORE_OPTIONS } from '../redis.js';
import { hashKey } from './hashes.js';
import { DAY_S, labName, observationsOf, READS_GRID, todayStartS } from './labs.js';

export interface Fill {
  readonly what: 'embedded' | 'redis' | 'hashes';
  /** Folder of the embedded store, or URL of the Redis. */
  readonly place: string;
  readonly labs: number;
  readonly nowMs: number;
}

const LABS_AT_ONCE = 2000;

/** Puts two buckets of many labs where they are to be read, and says "filled". */
export async function runReadsFill(fill: Fill): Promise<void> {
  if (fill.what === 'hashes') await fillHashes(fill);
  else {
    const options = { ...STORE_OPTIONS, grid: READS_GRID };
    const store =
      fill.what === 'redis'
        ? await openRedisStore(fill.place, 'humtemp:', options)
        : await EmbeddedStore.open({ ...options, dataDir: fill.place });
    await fillStore(store, fill);
    await store.close();
  }
  say('filled');
}

async function fillStore(store: BucketStore, { labs, nowMs }: Fill): Promise<void> {
  for (let from = 0; from < labs; from += LABS_AT_ONCE) {
    const batch = new Batch();
    for (let i = from; i < Math.min(labs, from + LABS_AT_ONCE); i++)
      for (const row of observationsOf(i, nowMs)) batch.add(labName(i), ...row);
    await store.commit(batch, nowMs);
  }
}

async function fillHashes({ place, labs, nowMs }: Fill): Promise<void> {
  const redis = new Redis(place);
  for (let from = 0; from < labs; from += LABS_AT_ONCE) {
    const pipeline = redis.pipeline();
    for (let i = from; i < Math.min(labs, from + LABS_AT_ONCE); i++)
      for (const startS of [todayStartS(nowMs), todayStartS(nowMs) - DAY_S]) {
        const rows = observationsOf(i, nowMs).filter(
          ([ms]) => ms >= startS * 1000 && ms < (startS + DAY_S) * 1000,
        );
        const sum = (column: number) => rows.reduce((total, row) => total + row[column]!, 0);
        pipeline.hset(hashKey(labName(i), startS), { count: rows.length, temp: sum(2), humidity: sum(3) });
      }
    await pipeline.exec();
  }
  redis.disconnect();
}
