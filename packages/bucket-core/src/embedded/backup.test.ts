import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { memoryFolder } from '@humtemp/test-services';
import { batchOf, CONTRACT_OPTIONS, contentOf, nowInBucket } from '../store/store-contract.fixture.js';
import { backUp } from './backup.js';
import { EmbeddedStore } from './embedded-store.js';

const memory = memoryFolder('humtemp-backup');
after(() => memory.remove());
let serial = 0;
const newDir = () => join(memory.path, `${serial++}`);
const open = (dataDir: string, limits = {}) =>
  EmbeddedStore.open({ ...CONTRACT_OPTIONS, ...limits, dataDir });

/** Observations in the hour buckets of a lab. */
async function observationsOf(store: EmbeddedStore, nowMs: number): Promise<number> {
  const { buckets } = await contentOf(store, nowMs);
  const hours = Object.entries(buckets).filter(([key]) => key.startsWith('a 3600 '));
  return hours.reduce((sum, [, { observations }]) => sum + observations, 0);
}

for (const [name, limits] of [
  ['to its journal', {}],
  ['and saves and merges each time', { memoryBytesMax: 0, journalBytesMax: 1 }],
] as const)
  test(`what was acknowledged before a backup is in it, while a process commits ${name}`, async () => {
    const nowMs = nowInBucket();
    const dataDir = newDir();
    const store = await open(dataDir, limits);
    let acknowledged = 0;
    let isWriting = true;
    const writing = (async () => {
      while (isWriting) {
        await store.commit(batchOf([['a', acknowledged / 1000, 20_000, 40_000]], nowMs), nowMs);
        acknowledged += 1;
      }
    })();
    const backups: { readonly to: string; readonly before: number; readonly after: number }[] = [];
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      const before = acknowledged;
      const to = newDir();
      await backUp(dataDir, to);
      // One more may be on the disk than is acknowledged.
      backups.push({ to, before, after: acknowledged + 1 });
    }
    isWriting = false;
    await writing;
    await store.close();
    for (const { to, before, after } of backups) {
      const copy = await open(to);
      const found = await observationsOf(copy, nowMs);
      assert.ok(found >= before && found <= after, `${found} of ${before} to ${after}`);
      await copy.close();
    }
  });

test('a folder that is not empty, or has no data, is refused', async () => {
  const full = newDir();
  mkdirSync(full);
  writeFileSync(join(full, 'a'), '');
  const dataDir = newDir();
  await (await open(dataDir)).close();
  await assert.rejects(backUp(dataDir, full), /is not empty/);
  await assert.rejects(backUp(full, newDir()), /no data of humtemp/);
});

test('a folder with a damaged file is not backed up as if it were whole', async () => {
  const nowMs = nowInBucket();
  const dataDir = newDir();
  const store = await open(dataDir);
  await store.commit(batchOf([['a', 1, 20_000, 40_000]], nowMs), nowMs);
  await store.close();
  const table = readdirSync(dataDir).find((file) => file.startsWith('table-'))!;
  const path = join(dataDir, table);
  const bytes = readFileSync(path);
  bytes[70]! ^= 1;
  writeFileSync(path, bytes);
  await assert.rejects(backUp(dataDir, newDir()), /is damaged/);
});
