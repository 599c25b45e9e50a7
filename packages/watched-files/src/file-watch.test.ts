import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { temporaryFolder } from '@humtemp/test-services';
import { FileWatch } from './file-watch.js';
import { readTextFile } from './line-file.js';
import { readRegularFileSync } from './regular-file.js';

/** Longer than any test: it looks when the test says so. */
const NEVER_MS = 3_600_000;

async function scene(t: TestContext, everyMs = NEVER_MS) {
  const folder = await temporaryFolder('file-watch');
  const path = join(folder.path, 'watched');
  await writeFile(path, 'at the start');
  let loads = 0;
  const watch = new FileWatch(
    [{ paths: [path], load: async () => void loads++, onError: (error) => assert.fail(error) }],
    everyMs,
  );
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

test('a change in place of the same size and times is loaded', async (t) => {
  const { path, watch, loads } = await scene(t);
  const { atime, mtime } = await stat(path);
  // Two writes within one tick of the file system's clock leave the same times; here the content alone is
  // changed back.
  for (const [i, content] of ['AT THE START', 'at the start'].entries()) {
    await writeFile(path, content);
    await utimes(path, atime, mtime);
    for (let look = 0; look < 3; look++) await watch.look();
    assert.equal(loads(), i + 1);
  }
});

/** A watch of a file whose load may be made to fail, and what was reported. */
async function failing(t: TestContext) {
  const folder = await temporaryFolder('file-watch');
  t.after(() => folder.remove());
  const path = join(folder.path, 'watched');
  await writeFile(path, 'at the start');
  const state = { problem: '', loads: 0, attempts: 0, reported: [] as string[] };
  const load = async () => {
    state.attempts++;
    if (state.problem !== '') throw new Error(state.problem);
    state.loads++;
  };
  const onError = ({ message }: Error) => void state.reported.push(message);
  const watch = new FileWatch([{ paths: [path], load, onError }], NEVER_MS);
  await watch.start();
  t.after(() => watch.stop());
  const looks = async (count: number) => {
    for (let look = 0; look < count; look++) await watch.look();
  };
  return { path, state, looks };
}

test('a load that failed is tried again, ever more rarely, until it succeeds; each reason is reported once', async (t) => {
  const { path, state, looks } = await failing(t);
  state.problem = 'EMFILE: no file descriptor is left';
  await appendFile(path, '.');
  await looks(20);
  assert.ok(state.attempts >= 4 && state.attempts <= 6, `${state.attempts} attempts`);
  assert.deepEqual(state.reported, [state.problem]);
  state.problem = '';
  await looks(32);
  assert.equal(state.loads, 1);
  await looks(5);
  assert.equal(state.loads, 1);
});

test('after a load that failed, a change of the file is loaded without waiting', async (t) => {
  const { path, state, looks } = await failing(t);
  state.problem = 'line 1: expected a name';
  await appendFile(path, '.');
  await looks(40);
  state.problem = '';
  await appendFile(path, '.');
  await looks(2);
  assert.equal(state.loads, 1);
});

test('a look that failed is not taken for a look: the file counts as it was', async (t) => {
  const folder = await temporaryFolder('file-watch');
  t.after(() => folder.remove());
  const path = join(folder.path, 'watched');
  await writeFile(path, 'at the start');
  // A process with few descriptors, which it uses up.
  const script = `
    import { openSync, closeSync, appendFileSync } from 'node:fs';
    import { FileWatch } from ${JSON.stringify(new URL(`file-watch${import.meta.url.slice(-3)}`, import.meta.url).href)};
    import { readFile } from 'node:fs/promises';
    const path = ${JSON.stringify(path)};
    let content = '';
    const reported = [];
    const load = async () => { content = await readFile(path, 'utf8'); };
    const onError = (error) => void reported.push(error.code);
    const watch = new FileWatch([{ paths: [path], load, onError }], 3600000);
    await watch.start();
    await load();
    appendFileSync(path, ', changed');
    const fds = [];
    try { for (;;) fds.push(openSync('/dev/null')); } catch {}
    for (let i = 0; i < 3; i++) await watch.look();
    const without = content;
    for (const fd of fds) closeSync(fd);
    for (let i = 0; i < 3; i++) await watch.look();
    watch.stop();
    console.log(JSON.stringify({ without, content, reported }));
  `;
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    'ulimit -n 64 && exec "$0" "$@"',
    process.execPath,
    ...process.execArgv,
    '--input-type=module',
    '--eval',
    script,
  ]);
  assert.deepEqual(JSON.parse(stdout), {
    without: 'at the start',
    content: 'at the start, changed',
    reported: ['EMFILE'],
  });
});

test('files that are read together are loaded once when one or both of them change', async (t) => {
  const folder = await temporaryFolder('file-watch');
  t.after(() => folder.remove());
  const paths = ['cert', 'key'].map((name) => join(folder.path, name));
  for (const path of paths) await writeFile(path, 'at the start');
  let loads = 0;
  const onError = (error: Error) => assert.fail(error);
  const watch = new FileWatch([{ paths, load: async () => void loads++, onError }], NEVER_MS);
  await watch.start();
  t.after(() => watch.stop());
  for (const [i, changed] of [paths, paths.slice(1)].entries()) {
    for (const path of changed) await appendFile(path, '.');
    for (let look = 0; look < 3; look++) await watch.look();
    assert.equal(loads, i + 1);
  }
});

test('what is no file is not read: a pipe holds up nobody', async (t) => {
  const { path, watch, loads } = await scene(t);
  await rm(path);
  await promisify(execFile)('mkfifo', [path]);
  for (let look = 0; look < 3; look++) await watch.look();
  assert.equal(loads(), 1);
  for (const file of [path, '/dev/zero'])
    await assert.rejects(readTextFile(file, 1024), /expected a file, not a pipe, socket or device/);
  assert.throws(() => readRegularFileSync(path, 1024), /not a pipe/);
});
