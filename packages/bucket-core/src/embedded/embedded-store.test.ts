import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { memoryFolder } from '@humtemp/test-services';
import fc from 'fast-check';
import type { StoreOptions } from '../index.js';
import { bucketRestoreContract } from '../store/bucket-restore.suite.js';
import {
  batchOf,
  CONTRACT_OPTIONS,
  commitsArbitrary,
  contentOf,
  nowInBucket,
  type Row,
} from '../store/store-contract.fixture.js';
import { storeContract } from '../store/store-contract.suite.js';
import { FolderFormatError } from './catalog.js';
import { EmbeddedStore } from './embedded-store.js';
import { FolderInUseError } from './folder-lock.js';

const memory = memoryFolder('humtemp-embedded');
const folder = memory.path;
let serial = 0;
const newDir = () => join(folder, `${serial++}`);

after(() => memory.remove());

const open = (options: StoreOptions) => EmbeddedStore.open({ ...options, dataDir: newDir() });
storeContract('the embedded store', open);

/** Bytes of files whose names begin so. */
function bytesOf(dataDir: string, name: string): number {
  return readdirSync(dataDir)
    .filter((file) => file.startsWith(name))
    .reduce((sum, file) => sum + statSync(join(dataDir, file)).size, 0);
}

/** Holds nothing in memory, and keeps no journal, that it can do without. */
const FORGETFUL = { memoryBytesMax: 0, journalBytesMax: 1 };

// Each commit is saved, and tables are merged after each fourth: fewer random runs do.
storeContract(
  'the embedded store without room',
  (options) => EmbeddedStore.open({ ...options, ...FORGETFUL, dataDir: newDir() }),
  15,
);
bucketRestoreContract('the embedded store without room', open, (options) =>
  EmbeddedStore.open({ ...options, ...FORGETFUL, dataDir: newDir() }),
);

test('what was restored is there after a crash', async () => {
  const nowMs = nowInBucket();
  const from = await open(CONTRACT_OPTIONS);
  await from.commit(batchOf([['a', 60, 20_000, 40_000]], nowMs), nowMs);
  const { buckets } = await contentOf(from, nowMs);
  const dataDir = newDir();
  const store = await EmbeddedStore.open({ ...CONTRACT_OPTIONS, dataDir });
  const restored = Object.entries(buckets).map(([key, aggregate]) => {
    const [lab = '', durationS, startS] = key.split(' ');
    return { lab, durationS: Number(durationS), startS: Number(startS), aggregate };
  });
  await store.restore(restored, nowMs);
  const left = newDir();
  cpSync(dataDir, left, { recursive: true });
  await store.close();
  const again = await EmbeddedStore.open({ ...CONTRACT_OPTIONS, dataDir: left });
  assert.deepEqual(await contentOf(again, nowMs), await contentOf(from, nowMs));
  await again.close();
  await from.close();
});

test('after a crash at any point, everything committed is there, and is not counted again', async () => {
  const nowMs = nowInBucket();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ commit: commitsArbitrary, crashes: fc.boolean() }), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.constantFrom({}, FORGETFUL, { journalBytesMax: 4000 }),
      // Without deduplication, a record that were applied twice would count twice.
      fc.constantFrom(0, CONTRACT_OPTIONS.deduplicationHorizonS),
      async (spans, limits, deduplicationHorizonS) => {
        const plainOptions = { ...CONTRACT_OPTIONS, deduplicationHorizonS };
        const options = { ...plainOptions, ...limits };
        const plain = await EmbeddedStore.open({ ...plainOptions, dataDir: newDir() });
        let dataDir = newDir();
        let store = await EmbeddedStore.open({ ...options, dataDir });
        for (const { commit: commits, crashes } of spans) {
          for (const { rows } of commits) {
            const batch = batchOf(rows, nowMs);
            assert.deepEqual(await store.commit(batch, nowMs), await plain.commit(batch, nowMs));
          }
          if (!crashes) continue;
          // What is on the disk at this moment is what a killed process leaves.
          const left = newDir();
          cpSync(dataDir, left, { recursive: true });
          await store.close();
          dataDir = left;
          store = await EmbeddedStore.open({ ...options, dataDir });
        }
        assert.deepEqual(await contentOf(store, nowMs), await contentOf(plain, nowMs));
        for (const { commit: commits } of deduplicationHorizonS === 0 ? [] : spans)
          for (const { rows } of commits)
            assert.equal((await store.commit(batchOf(rows, nowMs), nowMs)).committed, 0);
        await store.close();
        await plain.close();
      },
    ),
    { numRuns: 40 },
  );
});

test('the journal and the labs in memory stay within their limits', async () => {
  const nowMs = nowInBucket();
  const dataDir = newDir();
  const options = {
    ...CONTRACT_OPTIONS,
    dataDir,
    labsMax: 1e6,
    memoryBytesMax: 100_000,
    journalBytesMax: 100_000,
  };
  const store = await EmbeddedStore.open(options);
  for (let i = 0; i < 80; i++) {
    const rows = Array.from(
      { length: 50 },
      (_, j): Row => [`lab-${(i * 50 + j) % 1500}`, i % 50, 20_000 + i, 50_000],
    );
    await store.commit(batchOf(rows, nowMs), nowMs);
  }
  const journal = bytesOf(dataDir, 'journal');
  assert.ok(journal < 2 * 2 ** 20, `${journal} bytes of journal`);
  assert.ok(store.engine.labs.active.bytes < 500_000);
  const names = await store.labs('', 10_000, nowMs);
  assert.equal(names.length, 1500);
  const latest = await store.latest(names, nowMs);
  assert.equal(
    latest.reduce((sum, bucket) => sum + bucket!.aggregate.observations, 0),
    4000,
  );
  await store.close();
});

test('however many labs come at once, those in memory stay within their limit', async () => {
  const nowMs = nowInBucket();
  const options = { ...CONTRACT_OPTIONS, dataDir: newDir(), labsMax: 1e6, memoryBytesMax: 5_000_000 };
  const store = await EmbeddedStore.open(options);
  for (let i = 0; i < 20; i++) {
    const rows = Array.from({ length: 3000 }, (_, j): Row => [`lab-${i * 3000 + j}`, 0, 20_000, 50_000]);
    await store.commit(batchOf(rows, nowMs), nowMs);
  }
  assert.ok(store.engine.labs.active.bytes < 10_000_000, `${store.engine.labs.active.bytes} bytes in memory`);
  assert.equal((await store.labs('', 1e6, nowMs)).length, 60_000);
  await store.close();
});

test('a folder has one user at a time', async () => {
  const dataDir = newDir();
  const store = await EmbeddedStore.open({ ...CONTRACT_OPTIONS, dataDir });
  await assert.rejects(
    EmbeddedStore.open({ ...CONTRACT_OPTIONS, dataDir: `${dataDir}/../${serial - 1}` }),
    FolderInUseError,
  );
  await store.close();
  await (await EmbeddedStore.open({ ...CONTRACT_OPTIONS, dataDir })).close();
});

test('data of another version is refused with a sentence that says what to do', async () => {
  const dataDir = newDir();
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, 'data.mdb'), 'x');
  for (let i = 0; i < 2; i++)
    await assert.rejects(EmbeddedStore.open({ ...CONTRACT_OPTIONS, dataDir }), (error: Error) => {
      assert.ok(error instanceof FolderFormatError);
      return /an earlier version of humtemp.*use an empty folder/.test(error.message);
    });
});

test('what was committed is there after closing and opening again', async () => {
  const nowMs = nowInBucket();
  const dataDir = newDir();
  const first = await EmbeddedStore.open({ ...CONTRACT_OPTIONS, dataDir });
  await first.commit(batchOf([['lab', 1, 20_000, 50_000]], nowMs), nowMs);
  const content = await contentOf(first, nowMs);
  await first.close();
  const second = await EmbeddedStore.open({ ...CONTRACT_OPTIONS, dataDir });
  assert.deepEqual(await contentOf(second, nowMs), content);
  assert.equal((await second.commit(batchOf([['lab', 1, 20_000, 50_000]], nowMs), nowMs)).duplicate, 1);
  await second.close();
});

test('what has expired is removed from the disk', async () => {
  const nowMs = nowInBucket();
  const dataDir = newDir();
  const store = await EmbeddedStore.open({ ...CONTRACT_OPTIONS, dataDir, labsMax: 1 });
  await store.commit(batchOf([['old', 1, 20_000, 50_000]], nowMs), nowMs);
  const laterMs = nowMs + 80 * 3_600_000;
  await store.commit(batchOf([], laterMs), laterMs);
  const result = await store.commit(batchOf([['new', 1, 20_000, 50_000]], laterMs), laterMs);
  assert.equal(result.committed, 1, 'the expired lab has made room for a new one');
  await store.close();
});
