import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '@humtemp/test-services';
import { FileLock } from './file-lock.js';

const LONG_MS = 60_000;

async function lockPath(t: TestContext): Promise<string> {
  const folder = await temporaryFolder('humtemp-lock');
  t.after(() => folder.remove());
  return join(folder.path, 'accounts.lock');
}

test('one at a time holds it, and it is gone afterwards', async (t) => {
  const path = await lockPath(t);
  let holders = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      const lock = await FileLock.take(path, LONG_MS, LONG_MS);
      most = Math.max(most, ++holders);
      assert.ok(await lock.isHeld());
      holders--;
      await lock.release();
    }),
  );
  assert.equal(most, 1);
  assert.deepEqual(await readdir(join(path, '..')), []);
});

test('one that does not come free is named', async (t) => {
  const path = await lockPath(t);
  await writeFile(path, '');
  await assert.rejects(FileLock.take(path, LONG_MS, 100), {
    message: `${path} is in the way: others change the file, one after the other; try again`,
  });
});

test('one that was left behind is taken over', async (t) => {
  const path = await lockPath(t);
  const left = await FileLock.take(path);
  const lock = await FileLock.take(path, 100, LONG_MS);
  assert.ok(await lock.isHeld());
  // Its holder may only have been slow.
  assert.ok(!(await left.isHeld()));
  await left.release();
  assert.ok(await lock.isHeld());
  await lock.release();
  assert.deepEqual(await readdir(join(path, '..')), []);
});
