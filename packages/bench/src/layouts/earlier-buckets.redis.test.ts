import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Batch, bucketGrid, parseRollups, type StoredBucket } from '@humtemp/bucket-core';
import { earlierBuckets, RedisStore } from '@humtemp/bucket-core/redis';
import { type Service, startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { BucketKeysStore } from './bucket-keys/bucket-keys-store.js';

const GRID = bucketGrid(0, { durationS: 86_400, retention: 2 }, parseRollups('5m:1d,1h:7d'));
const OPTIONS = { grid: GRID, deduplicationHorizonS: 172_800, labsMax: 1e6, rejectionsMax: 10 };
const NOW_MS = Date.now();

let redis: Service;
before(async () => {
  redis = await startRedis();
});
after(() => redis.close());

/** A lab with an observation every seven minutes of two days, another with one, and 1,100 more: more than are asked for at a time. */
async function fill(): Promise<BucketKeysStore> {
  const store = new BucketKeysStore({ ...OPTIONS, url: redis.url, prefix: '' });
  const batch = new Batch();
  for (let i = 0; i < 400; i++)
    batch.add('library/20', NOW_MS - i * 420_000, 0, 21_000 + ((i * 37) % 900), 48_000 + i);
  batch.add('dry', NOW_MS - 5000, 0, 19_500, 40_000);
  for (let i = 0; i < 1100; i++) batch.add(`many-${i}`, NOW_MS - i * 1000, 0, 20_000 + i, 45_000);
  await store.commit(batch, NOW_MS);
  return store;
}

test('what the version before left is read as it read it, taken over once, and gone on with', async () => {
  const earlier = await fill();
  const client = new Redis(redis.url);
  const unreadable: string[] = [];
  const source = {
    url: redis.url,
    prefix: '',
    replyTimeoutMs: 5000,
    grid: GRID,
    onUnreadable: (key: string) => unreadable.push(key),
  };
  const store = new RedisStore({ ...OPTIONS, url: redis.url, prefix: 'humtemp:', replyTimeoutMs: 5000 });
  try {
    const found: StoredBucket[] = [];
    for await (const ofLab of earlierBuckets(source, NOW_MS)) found.push(...ofLab);
    assert.equal(new Set(found.map(({ lab }) => lab)).size, 1102);
    for (let isReady = false; !isReady; )
      isReady = await store.ping().then(
        () => true,
        () => false,
      );
    // Killed in the middle, and begun anew.
    await store.restore(found.slice(0, 1000), NOW_MS);
    const fates = await store.restore(found, NOW_MS);
    assert.deepEqual(
      [fates.filter((fate) => fate === 'present').length, fates.filter((fate) => fate === 'restored').length],
      [1000, found.length - 1000],
    );
    const batch = new Batch();
    batch.add('dry', NOW_MS - 1000, 0, 20_500, 41_000);
    await store.commit(batch, NOW_MS);
    for (const resolution of GRID.resolutions) {
      const [fromS, toS] = [0, NOW_MS / 1000 + 86_400].map(
        (s) => Math.floor(s / resolution.durationS) * resolution.durationS,
      );
      const startS = toS! - (resolution.retention + 1) * resolution.durationS;
      assert.ok(fromS! < startS);
      const series = (of: RedisStore | BucketKeysStore, lab: string) =>
        of.series(lab, resolution, startS, toS!, NOW_MS);
      assert.deepEqual(await series(store, 'library/20'), await series(earlier, 'library/20'));
      const dry = (await series(store, 'dry')).map(({ aggregate }) => aggregate.observations);
      assert.equal(
        dry.reduce((sum, one) => sum + one, 0),
        2,
      );
    }
    const [damaged] = await client.keys('bucket:{dry}:3600:*');
    await client.set(damaged!, 'no bucket');
    let left = 0;
    for await (const ofLab of earlierBuckets(source, NOW_MS)) left += ofLab.length;
    assert.deepEqual([unreadable, left], [[damaged], found.length - 1]);
  } finally {
    client.disconnect();
    await earlier.close();
    await store.close();
  }
});
