import assert from 'node:assert/strict';
import { appendFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { temporaryFolder } from '@humtemp/test-services';
import { FileWatch } from './file-watch.js';

/** Longer than any test: it looks when the test says so. */
const NEVER_MS = 3_600_000;

async function scene(t: TestContext, everyMs = NEVER_MS) {
  const folder = await temporaryFolder('file-watch');
  const path = join(folder.path, 'watched');
  await writeFile(path, 'at the start');
  let loads = 0;
  const watch = new FileWatch([{ path, load: async () => void loads++ }], everyMs);
  await watch.start();
  t.after(async () => {
    watch.stop();
    await folder.remove();
  });
  return { path, watch, loads: () => loads };
}

test('each change is loaded once: written into, replaced, of the same length and time, gone, back', async (t) => {
  const { path, watch, loads } = await scene(t);
  const changes = [
    () => appendFile(path, '.'),
    async () => {
      await writeFile(`${path}.new`, 'replaced');
      await rename(`${path}.new`, path);
    },
    () => utimes(path, 1, 1),
    async () => {
      // The clock of the file system ticks every few milliseconds.
      await pause(50);
      await writeFile(path, 'REPLACED');
      await utimes(path, 1, 1);
    },
    () => rm(path),
    () => writeFile(path, 'back'),
  ];
  for (const [i, change] of changes.entries()) {
    for (let look = 0; look < 3; look++) await watch.look();
    assert.equal(loads(), i);
    await change();
    await watch.look();
    assert.equal(loads(), i);
    for (let look = 0; look < 3; look++) await watch.look();
    assert.equal(loads(), i + 1);
  }
});

test('a file that is being written is loaded once it stands still', async (t) => {
  const { path, watch, loads } = await scene(t);
  for (let i = 0; i < 10; i++) {
    await appendFile(path, '.');
    await watch.look();
  }
  assert.equal(loads(), 0);
  await watch.look();
  assert.equal(loads(), 1);
});

test('loadAll loads at once, and that change is not loaded a second time', async (t) => {
  const { path, watch, loads } = await scene(t);
  await appendFile(path, '.');
  await watch.loadAll();
  assert.equal(loads(), 1);
  for (let look = 0; look < 3; look++) await watch.look();
  assert.equal(loads(), 1);
});

test('it looks by itself, until it is stopped', async (t) => {
  const { path, watch, loads } = await scene(t, 5);
  await appendFile(path, '.');
  while (loads() === 0) await pause(5);
  assert.equal(loads(), 1);
  watch.stop();
  // A look may be under way.
  await watch.look();
  await appendFile(path, '.');
  await pause(50);
  assert.equal(loads(), 1);
});
