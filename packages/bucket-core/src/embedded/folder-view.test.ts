import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { memoryFolder } from '@humtemp/test-services';
import { batchOf, CONTRACT_OPTIONS, type Row } from '../store/store-contract.fixture.js';
import { EmbeddedStore } from './embedded-store.js';
import { FolderView } from './folder-view.js';

const memory = memoryFolder('humtemp-view');
after(() => memory.remove());

/** In the middle of a bucket of every resolution. */
const nowMs = Math.floor(Date.now() / 3_600_000) * 3_600_000 + 2_400_000 + 100_000;
const row = (lab: string, agoS: number): Row => [lab, agoS, 20_000, 50_000];

test('a folder is read while its process commits, saves and merges, with all that was acknowledged before', async () => {
  const dataDir = join(memory.path, 'busy');
  const store = await EmbeddedStore.open({
    ...CONTRACT_OPTIONS,
    labsMax: 100_000,
    dataDir,
    memoryBytesMax: 0,
    journalBytesMax: 1,
  });
  let acknowledged = 0;
  let isDone = false;
  const committing = (async () => {
    for (; !isDone; acknowledged++)
      await store.commit(
        batchOf([row('hall', acknowledged / 1000), row(`lab-${acknowledged}`, 0)], nowMs),
        nowMs,
      );
  })();
  while (acknowledged < 25) {
    const before = acknowledged;
    const view = await FolderView.read(dataDir);
    if (view !== undefined) {
      const observations = view.latest('hall', nowMs)?.aggregate.observations ?? 0;
      const labs = await view.labs('', 100_000, nowMs);
      // A commit is on the disk before it is acknowledged here.
      assert.ok(observations >= before && observations <= acknowledged + 1, `${observations} of ${before}`);
      assert.equal(labs.length, observations + (observations > 0 ? 1 : 0));
      assert.deepEqual(view.faults, []);
      view.close();
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  isDone = true;
  await committing;
  await store.close();
});

test('to read a folder changes nothing in it, and an empty one has nothing', async () => {
  const dataDir = join(memory.path, 'quiet');
  const store = await EmbeddedStore.open({ ...CONTRACT_OPTIONS, dataDir, process: 'start-1' });
  await store.commit(batchOf([row('hall', 0), row('hall', 1)], nowMs), nowMs);
  await store.close();
  const content = () =>
    readdirSync(dataDir).map((name) => [name, readFileSync(join(dataDir, name), 'base64')]);
  const before = content();
  const view = await FolderView.read(dataDir);
  assert.deepEqual(await view!.labs('', 10, nowMs), ['hall']);
  assert.deepEqual(view!.configuration.grid, CONTRACT_OPTIONS.grid);
  assert.deepEqual(
    view!.counted.map(({ process, committed }) => [process, committed]),
    [['start-1', 2]],
  );
  view!.close();
  assert.deepEqual(content(), before);
  assert.equal(await FolderView.read(memory.path), undefined);
});
