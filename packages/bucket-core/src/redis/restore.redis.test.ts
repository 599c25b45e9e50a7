import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pause, type Service, startRedis } from '@humtemp/test-services';
import { EmbeddedStore } from '../embedded/index.js';
import type { Batch, RestoreFate, StoreOptions } from '../index.js';
import { allBuckets, bucketRestoreContract } from '../store/bucket-restore.suite.js';
import {
  batchOf,
  CONTRACT_OPTIONS,
  contentOf,
  HOUR_S,
  nowInBucket,
} from '../store/store-contract.fixture.js';
import { ready } from './ready.fixture.js';
import { RedisStore } from './redis-store.js';

let service: Service;
let serial = 0;
const folder = mkdtempSync(join(tmpdir(), 'humtemp-restore-'));

before(async () => {
  service = await startRedis();
});
after(async () => {
  await service.close();
  rmSync(folder, { recursive: true });
});

async function openRedis(options: StoreOptions, prefix = `t${serial++}:`): Promise<RedisStore> {
  const store = new RedisStore({
    ...options,
    url: service.url,
    prefix,
    replyTimeoutMs: 5000,
  });
  await ready(store);
  return store;
}

const openEmbedded = (options: StoreOptions) =>
  EmbeddedStore.open({ ...options, dataDir: join(folder, `${serial++}`) });

test('buckets come while another process commits to the same labs, and neither loses anything', async () => {
  const nowMs = nowInBucket();
  const labs = Array.from({ length: 12 }, (_, i) => `lab-${i}`);
  const old = [3, 5, 8, 20, 30, 40].map((hours) =>
    batchOf(
      labs.map((lab, i) => [lab, hours * HOUR_S + i, 20_000 + hours, 40_000 + i] as const),
      nowMs,
    ),
  );
  const from = await openEmbedded(CONTRACT_OPTIONS);
  const to = await openRedis(CONTRACT_OPTIONS);
  const other = await openRedis(CONTRACT_OPTIONS, to.options.prefix);
  try {
    for (const batch of old) await from.commit(batch, nowMs);
    const all = await allBuckets(from, nowMs);
    let isDone = false;
    const live: Batch[] = [];
    const committing = (async () => {
      // Each fills tails, so that they are folded while buckets come.
      for (let k = 0; !isDone || k < 20; k++) {
        const rows = labs.flatMap((lab) =>
          Array.from({ length: 10 }, (_, j) => [lab, 900 - k - j / 20, 21_000 + j, 50_000] as const),
        );
        live.push(batchOf(rows, nowMs));
        assert.equal((await other.commit(live.at(-1)!, nowMs)).committed, rows.length);
        await pause(2);
      }
    })();
    const fates: RestoreFate[] = [];
    for (let i = 0; i < all.length; i += 15) fates.push(...(await to.restore(all.slice(i, i + 15), nowMs)));
    isDone = true;
    await committing;
    await other.whenFolded();
    assert.ok(live.length >= 20);
    assert.deepEqual(new Set(fates), new Set(['restored']));
    for (const batch of live) await from.commit(batch, nowMs);
    assert.deepEqual(await contentOf(other, nowMs), await contentOf(from, nowMs));
  } finally {
    for (const store of [from, to, other]) await store.close();
  }
});

bucketRestoreContract(
  'the Redis store, from an embedded one,',
  openEmbedded,
  (options) => openRedis(options),
  4,
);
bucketRestoreContract(
  'the embedded store, from a Redis one,',
  (options) => openRedis(options),
  openEmbedded,
  2,
);
