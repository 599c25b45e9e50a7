import { bucketGrid, parseRollups, type StoreOptions } from '@humtemp/bucket-core';
import { RedisStore } from '@humtemp/bucket-core/redis';

/** The resolutions that humtemp has unless it is told otherwise. */
export const GRID = bucketGrid(0, { durationS: 86_400, retention: 2 }, parseRollups('5m:1d,1h:7d'));

/** What stores are opened with unless humtemp is told otherwise. */
export const STORE_OPTIONS: StoreOptions = {
  grid: GRID,
  deduplicationHorizonS: 172_800,
  labsMax: 1_000_000,
  rejectionsMax: 100,
};

/** A store on a Redis that answers. */
export async function openRedisStore(
  url: string,
  prefix: string,
  options: StoreOptions = STORE_OPTIONS,
): Promise<RedisStore> {
  const store = new RedisStore({ ...options, url, prefix, replyTimeoutMs: 10_000 });
  const isAway = () =>
    store.ping().then(
      () => false,
      () => true,
    );
  while (await isAway()) await new Promise((resolve) => setTimeout(resolve, 20));
  return store;
}
