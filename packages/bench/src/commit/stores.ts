import {
  type BucketGrid,
  type BucketStore,
  bucketGrid,
  primaryResolution,
  type StoreOptions,
} from '@humtemp/bucket-core';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { RedisStore } from '@humtemp/bucket-core/redis';
import { temporaryFolder } from '@humtemp/test-services';
import { GRID, openRedisStore, STORE_OPTIONS } from '../redis.js';
import type { Observations, Total } from './observations.js';
import type { OpenWay, Way } from './way.js';

/** As many resolutions as the default, in buckets too short to keep histograms. */
const SHORT_GRID = bucketGrid(0, { durationS: 1800, retention: 96 }, [
  { durationS: 300, retention: 288 },
  { durationS: 900, retention: 672 },
]);

export const HUMTEMP = redisWay('humtemp', {});
export const WITHOUT_ROLLUPS = redisWay('humtemp, one resolution', {
  grid: bucketGrid(0, primaryResolution(GRID), []),
});
export const WITHOUT_DEDUPLICATION = redisWay('humtemp, no deduplication', { deduplicationHorizonS: 0 });
export const WITHOUT_HISTOGRAMS = redisWay('humtemp, 5m 15m 30m: no histograms', { grid: SHORT_GRID });

export const EMBEDDED: Way = {
  name: 'humtemp, embedded store: on the disk',
  deduplicates: true,
  async open({ observations }) {
    const folder = await temporaryFolder('bench');
    const store = await EmbeddedStore.open({ ...STORE_OPTIONS, dataDir: folder.path });
    return {
      ...opened(store, GRID, observations),
      async close() {
        await store.close();
        await folder.remove();
      },
    };
  },
};

function redisWay(name: string, changes: Partial<StoreOptions>): Way {
  const options = { ...STORE_OPTIONS, ...changes };
  return {
    name,
    deduplicates: options.deduplicationHorizonS > 0,
    open: async ({ redisUrl, prefix, observations }) =>
      opened(await openRedisStore(redisUrl, prefix, options), options.grid, observations),
  };
}

function opened(store: BucketStore, grid: BucketGrid, { hourS, nowMs }: Observations): OpenWay {
  return {
    async commit(batch) {
      const { committed, duplicate } = await store.commit(batch, nowMs);
      if (committed + duplicate !== batch.observations)
        throw new Error(`of ${batch.observations} observations ${committed + duplicate} were taken`);
    },
    totals: (lab) =>
      Promise.all(
        grid.resolutions.map(async (resolution) => {
          const { durationS } = resolution;
          const fromS = hourS - (hourS % durationS);
          const buckets = await store.series(
            lab,
            resolution,
            fromS,
            fromS + Math.max(3600, durationS),
            nowMs,
          );
          return buckets.reduce<Total>(
            (total, { aggregate: { observations, temp, humidity } }) => ({
              observations: total.observations + observations,
              temp: total.temp + temp.sum,
              humidity: total.humidity + humidity.sum,
            }),
            { observations: 0, temp: 0, humidity: 0 },
          );
        }),
      ),
    settled: async () => {
      if (store instanceof RedisStore) await store.whenFolded();
    },
    close: () => store.close(),
  };
}
