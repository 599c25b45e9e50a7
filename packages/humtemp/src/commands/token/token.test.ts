import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AccessTokens } from '@humtemp/api/access';
import { temporaryFolder } from '@humtemp/test-services';
import { StartError } from '../../start-error.js';
import { token } from './command.js';

const NOW_MS = Date.UTC(2026, 8, 22, 12);

async function tokensFile(t: TestContext): Promise<string> {
  const folder = await temporaryFolder('humtemp-token');
  t.after(() => folder.remove());
  return join(folder.path, 'tokens');
}

test('the API takes what the command printed, with the rights that were given', async (t) => {
  const file = await tokensFile(t);
  const add = async (...args: string[]) => {
    const { result, remark } = await token([file, ...args], NOW_MS);
    assert.match(result, /^humtemp_[\w-]{43}\n$/);
    assert.equal(remark, `${args[0]}: added; the token is not shown again\n`);
    return result.trim();
  };
  const wall = await add('wall');
  const gateway = await add('gateway', '--labs', 'hall,floor-2/*', '--write', '--expires', '90d');
  const until = await add('until', '--expires', '2026-10-01T00:00:00+02:00');
  const mode = (await stat(file)).mode & 0o777;
  assert.equal(mode.toString(8), '600');
  assert.deepEqual(await readdir(join(file, '..')), ['tokens']);
  const content = await readFile(file, 'utf8');
  for (const secret of [wall, gateway, until]) assert.ok(!content.includes(secret));

  const clock = { nowMs: NOW_MS };
  const tokens = await AccessTokens.open({ file, clock: () => clock.nowMs });
  t.after(() => tokens.close());
  const rights = (secret: string) => {
    const scope = tokens.scopeOf(secret);
    return scope && [scope.name, scope.mayWrite, ...scope.labs];
  };
  assert.deepEqual(rights(wall), ['wall', false, '*']);
  assert.deepEqual(rights(gateway), ['gateway', true, 'floor-2/*', 'hall']);
  assert.deepEqual(rights(until), ['until', false, '*']);
  clock.nowMs = Date.UTC(2026, 8, 30, 22);
  assert.equal(rights(until), undefined);
  clock.nowMs = NOW_MS + 90 * 86_400_000;
  assert.equal(rights(gateway), undefined);
  assert.deepEqual(rights(wall), ['wall', false, '*']);

  assert.deepEqual(await token([file, '--list'], Date.UTC(2026, 9, 1)), {
    result:
      'wall read labs=*\n' +
      'gateway write labs=floor-2/*,hall expires=2026-12-21T12:00:00.000Z\n' +
      'until read labs=* expires=2026-09-30T22:00:00.000Z (expired)\n',
    remark: '',
  });
  assert.deepEqual(await token([file, 'until', '--delete'], NOW_MS), {
    result: '',
    remark: 'until: deleted\n',
  });
  await tokens.reload();
  clock.nowMs = NOW_MS;
  assert.equal(rights(until), undefined);
  assert.deepEqual(rights(wall), ['wall', false, '*']);
});

test('what is added and deleted at the same time is all done', async (t) => {
  const file = await tokensFile(t);
  const names = Array.from({ length: 12 }, (_, i) => `n${i}`);
  await Promise.all(names.map((name) => token([file, name], NOW_MS)));
  const listed = async () => {
    const { result } = await token([file, '--list'], NOW_MS);
    return result.trim().split('\n').sort();
  };
  const lines = names.map((name) => `${name} read labs=*`).sort();
  assert.deepEqual(await listed(), lines);
  await Promise.all([
    token([file, 'n0', '--delete'], NOW_MS),
    token([file, 'last'], NOW_MS),
    token([file, 'n1', '--delete'], NOW_MS),
  ]);
  const left = lines.filter((line) => !/^n[01] /.test(line));
  assert.deepEqual(await listed(), ['last read labs=*', ...left]);
  assert.deepEqual(await readdir(join(file, '..')), ['tokens']);
});

test('what is wrong is said in one line, and changes nothing', async (t) => {
  const file = await tokensFile(t);
  const folder = join(file, '..');
  const refuses = (args: readonly string[], message: RegExp) =>
    assert.rejects(
      token(args, NOW_MS),
      (error) => error instanceof StartError && message.test(error.message) && !error.message.includes('\n'),
      String(message),
    );
  await mkdir(join(folder, 'folder'));
  for (const [args, message] of [
    [[], /^which file\?/],
    [[file], /^which name\?/],
    [[file, 'a', 'b'], /one token at a time: a or b/],
    [[file, 'a b'], /"a b": expected a name of 1 to 64 characters/],
    [[file, 'a', '--labs', 'a b'], /--labs a b: expected lab ids/],
    [[file, 'a', '--expires', 'soon'], /--expires soon: expected a time/],
    [[file, 'a', '--expires', '2026-01-01T00:00:00Z'], /expected a time to come/],
    [[file, 'a', '--expires', '999999999w'], /expected a time to come, before the year 10000/],
    [[file, 'a', '--delete', '--write'], /--delete and --write: expected one/],
    [[file, 'a', '--list'], /--list takes a file only/],
    [[file, '--list'], /there is no such file/],
    [[file, 'a', '--delete'], /there is no such file/],
    [[file, 'a', '--admin'], /--admin.*humtemp token --help/],
    [[join(folder, 'folder'), 'a'], /folder: expected a file, not a folder/],
    [[join(folder, 'absent', 'tokens'), 'a'], /tokens is unchanged: ENOENT/],
  ] as const)
    await refuses(args, message);
  assert.deepEqual(await readdir(folder), ['folder']);

  await token([file, 'a'], NOW_MS);
  await refuses([file, 'a'], /tokens has a token a: --delete it first/);
  await refuses([file, 'b', '--delete'], /tokens has no token b/);
  const other = 'root:x:0:0:root:/root:/bin/bash\n';
  await writeFile(file, other);
  await refuses([file, 'a'], /tokens, line 1: expected a name/);
  assert.equal(await readFile(file, 'utf8'), other);
});
