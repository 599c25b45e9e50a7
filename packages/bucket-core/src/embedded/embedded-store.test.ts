import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { open } from 'lmdb';
import { batchOf, CONTRACT_OPTIONS, contentOf, storeContract } from '../store-contract.suite.js';
import { EmbeddedStore } from './embedded-store.js';

const folder = mkdtempSync(join(tmpdir(), 'humtemp-embedded-'));
let serial = 0;
const newDir = () => join(folder, `${serial++}`);

after(() => rmSync(folder, { recursive: true, force: true }));

storeContract('the embedded store', async (options) => new EmbeddedStore({ ...options, dataDir: newDir() }));

test('what was committed is there after closing and opening again', async () => {
  const nowMs = Date.now();
  const dataDir = newDir();
  const first = new EmbeddedStore({ ...CONTRACT_OPTIONS, dataDir });
  await first.commit(batchOf([['lab', 1, 20_000, 50_000]], nowMs), nowMs);
  const content = await contentOf(first, nowMs);
  await first.close();
  const second = new EmbeddedStore({ ...CONTRACT_OPTIONS, dataDir });
  assert.deepEqual(await contentOf(second, nowMs), content);
  assert.equal((await second.commit(batchOf([['lab', 1, 20_000, 50_000]], nowMs), nowMs)).duplicate, 1);
  await second.close();
});

test('a bucket that it does not understand is refused, and nothing of its commit was counted', async () => {
  const nowMs = Date.now();
  const dataDir = newDir();
  const store = new EmbeddedStore({ ...CONTRACT_OPTIONS, dataDir, labsMax: 2 });
  await store.commit(batchOf([['lab', 1, 20_000, 50_000]], nowMs), nowMs);
  await store.close();

  const root = open({ path: dataDir, overlappingSync: false });
  const buckets = root.openDB<Buffer, [number, number, string]>('buckets', { encoding: 'binary' });
  const [{ key, value } = assert.fail('no bucket')] = [...buckets.getRange({ limit: 1 })];
  await buckets.put(key, Buffer.from('x'));
  await root.close();

  const again = new EmbeddedStore({ ...CONTRACT_OPTIONS, dataDir, labsMax: 2 });
  const batch = batchOf(
    [
      ['new', 2, 20_000, 50_000],
      ['lab', 2, 20_000, 50_000],
    ],
    nowMs,
  );
  for (let i = 0; i < 3; i++) await assert.rejects(again.commit(batch, nowMs), /not a packed aggregate/);
  await again.close();

  const mended = open({ path: dataDir, overlappingSync: false });
  await mended
    .openDB<Buffer, [number, number, string]>('buckets', { encoding: 'binary' })
    .put(key, Buffer.from(value));
  await mended.close();
  const last = new EmbeddedStore({ ...CONTRACT_OPTIONS, dataDir, labsMax: 2 });
  const { tooManyLabs } = await last.commit(batch, nowMs);
  assert.equal(tooManyLabs, 0);
  const latest = await last.latest(['lab', 'new'], nowMs);
  assert.deepEqual(
    latest.map((bucket) => bucket?.aggregate.observations),
    [2, 1],
  );
  await last.close();
});

test('what has expired is removed from the disk', async () => {
  const nowMs = Date.now();
  const dataDir = newDir();
  const store = new EmbeddedStore({ ...CONTRACT_OPTIONS, dataDir, labsMax: 1 });
  await store.commit(batchOf([['old', 1, 20_000, 50_000]], nowMs), nowMs);
  const laterMs = nowMs + 80 * 3_600_000;
  await store.commit(batchOf([], laterMs), laterMs);
  const result = await store.commit(batchOf([['new', 1, 20_000, 50_000]], laterMs), laterMs);
  assert.equal(result.committed, 1, 'the expired lab has made room for a new one');
  await store.close();
});
