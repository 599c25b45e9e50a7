import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Batch, bucketGrid } from '@humtemp/bucket-core';
import { RedisStore } from '@humtemp/bucket-core/redis';
import { startRedis } from '@humtemp/test-services';
import { PolledChanges } from './polled-changes.js';

test('what another process commits to the same Redis is noticed once, also after Redis was out of reach', async (t) => {
  const redis = await startRedis();
  const open = () =>
    new RedisStore({
      grid: bucketGrid(0, { durationS: 86_400, retention: 2 }, [{ durationS: 3600, retention: 168 }]),
      deduplicationHorizonS: 86_400,
      labsMax: 1000,
      rejectionsMax: 10,
      url: redis.url,
      prefix: '',
      replyTimeoutMs: 5000,
    });
  const ours = open();
  const theirs = open();
  t.after(async () => {
    await Promise.all([ours.close(), theirs.close()]);
    await redis.close();
  });
  for (const store of [ours, theirs]) while (!(await isReached(store))) await delay(5);
  const nowMs = Date.now();
  let identity = 0;
  const commit = async (...labs: string[]) => {
    const batch = new Batch();
    for (const lab of labs) batch.add(lab, nowMs, ++identity, 20_000, 50_000);
    await theirs.commit(batch, nowMs);
  };

  const reach = { isOut: false };
  const changes = new PolledChanges({
    store: {
      latest: async (labs, nowMs) => {
        if (reach.isOut && labs.includes('c')) throw new Error('out of reach');
        return ours.latest(labs, nowMs);
      },
    },
    clock: () => nowMs,
  });
  await commit('a', 'b');
  // More than are asked for at a time: the first are read, the last are not.
  await changes.watch(['a', ...Array.from({ length: 1000 }, (_, i) => `unknown-${i}`), 'c']);
  assert.deepEqual(await changes.take(), []);
  await commit('a', 'b', 'c');
  reach.isOut = true;
  await assert.rejects(changes.take());
  reach.isOut = false;
  assert.deepEqual(await changes.take(), ['a', 'c']);
  assert.deepEqual(await changes.take(), []);
  // Watched from now on: what it had before is no change.
  await changes.watch(['b', 'a']);
  await commit('b');
  assert.deepEqual(await changes.take(), ['b']);
  changes.unwatch(['a']);
  await commit('a', 'b');
  assert.deepEqual(await changes.take(), ['b']);
});

function isReached(store: RedisStore): Promise<boolean> {
  return store.ping().then(
    () => true,
    () => false,
  );
}
