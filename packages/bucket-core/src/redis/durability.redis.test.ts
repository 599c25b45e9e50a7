import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { CommitError } from '../index.js';
import { batchOf, CONTRACT_OPTIONS, nowInBucket, type Row } from '../store/store-contract.fixture.js';
import type { Durability } from './durability.js';
import { ready } from './ready.fixture.js';
import { RedisStore } from './redis-store.js';

const nowMs = nowInBucket();
const ROWS: readonly Row[] = [
  ['a', 3, 20_000, 50_000],
  ['b', 2, 20_000, 50_000],
];

function openStore(t: TestContext, url: string, durability: Durability): RedisStore {
  // The server may take half of this for its replica.
  const store = new RedisStore({ ...CONTRACT_OPTIONS, url, prefix: '', durability, replyTimeoutMs: 500 });
  t.after(() => store.close());
  return store;
}

/** Commits as the commit loop does, until it succeeds. @returns what became of the rows, over all attempts. */
async function commitUntilDone(store: RedisStore, rows: readonly Row[]) {
  const sum = { committed: 0, duplicate: 0 };
  for (let batch = batchOf(rows, nowMs), i = 0; ; i++) {
    const error = await store.commit(batch, nowMs).then(
      (result) => {
        sum.committed += result.committed;
        sum.duplicate += result.duplicate;
      },
      (reason: unknown) => reason,
    );
    if (error === undefined) return sum;
    if (i > 50) throw error;
    assert.ok(error instanceof CommitError, String(error));
    sum.committed += error.done.committed;
    sum.duplicate += error.done.duplicate;
    batch = error.remaining;
  }
}

async function observations(store: RedisStore): Promise<number[]> {
  const buckets = await store.latest(['a', 'b'], nowMs);
  return buckets.map((bucket) => bucket?.aggregate.observations ?? 0);
}

/** On a connection of its own. */
async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

test('with durability replica, nothing counts before a replica has it, and then it counts once', async (t) => {
  const primary = await startRedis();
  t.after(() => primary.close());
  const replica = await startRedis({ replicaOf: primary });
  t.after(() => replica.close());
  const store = openStore(t, primary.url, 'replica');
  await ready(store);
  assert.deepEqual(await commitUntilDone(store, ROWS), { committed: 2, duplicate: 0 });

  await replica.freeze();
  const later = ROWS.map(([lab, agoS, temp, humidity]): Row => [lab, agoS - 1, temp, humidity]);
  const batch = batchOf(later, nowMs);
  for (let attempt = 0; attempt < 2; attempt++)
    await assert.rejects(store.commit(batch, nowMs), (error: CommitError) => {
      assert.match(error.message, /no replica has confirmed the commit within 250 ms/);
      assert.equal(error.done.committed, 0);
      assert.equal(error.remaining.observations, 2);
      return true;
    });
  // The connection that wrote it is lost: a new one has written nothing, and must not be asked about nothing.
  store.connections.commits.disconnect(true);
  await ready(store);
  await assert.rejects(store.commit(batch, nowMs), /no replica has confirmed/);

  await replica.thaw();
  assert.deepEqual(await commitUntilDone(store, later), { committed: 2, duplicate: 0 });
  assert.deepEqual(await commitUntilDone(store, later), { committed: 0, duplicate: 2 });
  assert.deepEqual(await observations(store), [2, 2]);

  // The replica takes over: it has all that counted.
  await withRedis(replica.url, (redis) => redis.replicaof('NO', 'ONE'));
  const after = openStore(t, replica.url, 'memory');
  await ready(after);
  assert.deepEqual(await observations(after), [2, 2]);
});

test('with durability fsync, a server that cannot say what is on its disk is refused, with what to change', async (t) => {
  const server = await startRedis();
  t.after(() => server.close());
  const hasWaitAof = await withRedis(
    server.url,
    async (redis) => ((await redis.command('INFO', 'WAITAOF')) as unknown[])[0] !== null,
  );
  const refused = await new Promise<Error>((resolve) => {
    const store = new RedisStore({
      ...CONTRACT_OPTIONS,
      url: server.url,
      prefix: '',
      durability: 'fsync',
      replyTimeoutMs: 500,
      onFatal: resolve,
    });
    t.after(() => store.close());
  });
  assert.match(refused.message, hasWaitAof ? /appendonly yes/ : /needs WAITAOF: Redis 7\.2 or later/);
  if (!hasWaitAof) return;
  await withRedis(server.url, (redis) => redis.config('SET', 'appendonly', 'yes'));
  const store = openStore(t, server.url, 'fsync');
  await ready(store);
  assert.deepEqual(await commitUntilDone(store, ROWS), { committed: 2, duplicate: 0 });
});
