import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Service, startRedis } from '@humtemp/test-services';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { EmbeddedStore } from '../embedded/index.js';
import { Batch, type StoreOptions } from '../index.js';
import {
  batchOf,
  CONTRACT_GRID,
  CONTRACT_OPTIONS,
  commitsArbitrary,
  contentOf,
  HOUR_S,
  nowInBucket,
  type Row,
} from '../store/store-contract.fixture.js';
import { storeContract } from '../store/store-contract.suite.js';
import { Keys } from './keys.js';
import { ready } from './ready.fixture.js';
import { RedisStore } from './redis-store.js';

let service: Service;
let serial = 0;

before(async () => {
  service = await startRedis();
});
after(async () => {
  await service.close();
});

/** A store on keys of its own. */
async function openRedisStore(options: StoreOptions, prefix = `t${serial++}:`): Promise<RedisStore> {
  const store = new RedisStore({ ...options, url: service.url, prefix, replyTimeoutMs: 5000 });
  await ready(store);
  return store;
}

storeContract('the Redis store', openRedisStore);

describe('the Redis store', () => {
  test('holds the same as the embedded store after any sequence of commits', async () => {
    const nowMs = nowInBucket();
    const folder = mkdtempSync(join(tmpdir(), 'humtemp-both-'));
    try {
      await fc.assert(
        fc.asyncProperty(commitsArbitrary, async (commits) => {
          const redis = await openRedisStore(CONTRACT_OPTIONS);
          const embedded = await EmbeddedStore.open({
            ...CONTRACT_OPTIONS,
            dataDir: join(folder, `${serial++}`),
          });
          for (const { rows } of commits) {
            const batch = batchOf(rows, nowMs);
            assert.deepEqual(await redis.commit(batch, nowMs), await embedded.commit(batch, nowMs));
          }
          assert.deepEqual(await contentOf(redis, nowMs), await contentOf(embedded, nowMs));
          await redis.close();
          await embedded.close();
        }),
        { numRuns: 25 },
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('every key of a lab expires, with what it holds at the latest', async () => {
    const nowMs = nowInBucket();
    const options = { ...CONTRACT_OPTIONS, deduplicationHorizonS: 24 * HOUR_S };
    const store = await openRedisStore(options, 'expiry:');
    const client = new Redis(service.url);
    try {
      // Enough for folds, sealed pages and closed buckets.
      for (let hour = 40; hour >= 0; hour--) {
        const rows = Array.from({ length: 40 }, (_, i): Row => ['lab', hour * HOUR_S + 3000 - i * 60, i, i]);
        await store.commit(batchOf(rows, nowMs), nowMs);
        await store.whenFolded();
      }
      const kinds = new Set<string>();
      const longestS = Math.max(...CONTRACT_GRID.resolutions.map((one) => one.durationS * one.retention));
      for (const key of await client.keys('expiry:*')) {
        const kind = /^expiry:\{\d+\}:([a-z]+)/.exec(key)?.[1] ?? key;
        // Its lists of labs that are late, some of which may have been begun.
        if (kind === 'late') continue;
        kinds.add(kind);
        if (['labs', 'names', 'expiry:{books}:layout'].includes(kind)) continue;
        const ttl = await client.ttl(key);
        const most = kind === 'counts' ? 8 * 24 * HOUR_S : longestS + 26 * HOUR_S;
        assert.ok(ttl > 0 && ttl <= most, `${key} expires in ${ttl} s`);
      }
      const expected = ['agg', 'counts', 'done', 'expiry:{books}:layout', 'lab', 'labs', 'names', 'raw'];
      assert.deepEqual([...kinds].sort(), expected);
    } finally {
      client.disconnect();
      await store.close();
    }
  });

  test('recovers its index and its script after FLUSHALL and SCRIPT FLUSH behind its back', async () => {
    const nowMs = nowInBucket();
    const store = await openRedisStore(CONTRACT_OPTIONS, 'flush:');
    await store.commit(batchOf([['lab', 1, 0, 0]], nowMs), nowMs);
    const client = new Redis(service.url);
    await client.flushall();
    await client.script('FLUSH');
    const result = await store.commit(batchOf([['lab', 2, 0, 0]], nowMs), nowMs);
    assert.equal(result.committed, 1);
    assert.deepEqual(await store.labs('', 9, nowMs), ['lab']);
    assert.equal((await contentOf(store, nowMs)).latest[0]?.aggregate.observations, 1);
    client.disconnect();
    await store.close();
  });

  test('never shows more rejections than its maximum, and with 0 keeps none', async () => {
    const nowMs = nowInBucket();
    const client = new Redis(service.url);
    const listed = async (rejectionsMax: number, excerpts: readonly string[]) => {
      const store = await openRedisStore({ ...CONTRACT_OPTIONS, rejectionsMax }, 'rejections:');
      for (const excerpt of excerpts) {
        const batch = new Batch();
        batch.list({ atMs: nowMs, reason: 'not_json', source: 'test', excerpt });
        await store.commit(batch, nowMs);
      }
      const shown = (await store.rejections(100)).map((rejection) => rejection.excerpt);
      assert.deepEqual(await store.rejections(0), []);
      await store.close();
      return { shown, kept: await client.llen('rejections:{books}:rejections') };
    };
    try {
      assert.deepEqual(await listed(3, ['a', 'b', 'c', 'd']), { shown: ['d', 'c', 'b'], kept: 3 });
      assert.deepEqual(await listed(2, []), { shown: ['d', 'c'], kept: 3 });
      assert.deepEqual(await listed(0, []), { shown: [], kept: 3 });
      assert.deepEqual(await listed(0, ['e']), { shown: [], kept: 0 });
      assert.deepEqual(await listed(2, ['f']), { shown: ['f'], kept: 1 });
    } finally {
      client.disconnect();
    }
  });

  test('while the server is away, commits fail with what remains, and succeed once it is back', async () => {
    const nowMs = nowInBucket();
    const store = await openRedisStore(CONTRACT_OPTIONS, 'away:');
    await service.kill();
    const batch = batchOf([['lab', 1, 0, 0]], nowMs);
    await assert.rejects(
      store.commit(batch, nowMs),
      (error: { remaining: unknown }) => error.remaining === batch,
    );
    await assert.rejects(store.ping());
    await service.start();
    await ready(store);
    assert.equal((await store.commit(batch, nowMs)).committed, 1);
    await store.close();
  });
});

test('keys keep a partition in one cluster slot', () => {
  const keys = new Keys('p:');
  assert.equal(keys.head('lab01'), 'p:{135}:lab:lab01');
  assert.equal(keys.rawPage('lab01', 7), 'p:{135}:raw:lab01:7');
  assert.equal(keys.aggregatePage('lab01', 3600, 86_400), 'p:{135}:agg:lab01:3600:86400');
  assert.equal(keys.labs(135), 'p:{135}:labs');
});
