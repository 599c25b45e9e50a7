import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
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
