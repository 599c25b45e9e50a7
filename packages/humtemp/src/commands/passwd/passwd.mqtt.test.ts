import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { mosquittoClient, startMosquitto, temporaryFolder } from '@humtemp/test-services';
import { StartError } from '../../start-error.js';
import { passwd } from './command.js';

const run = promisify(execFile);

/** Runs `humtemp passwd`, in this process, with this on its standard input. */
function passwdWith(args: readonly string[], input: string) {
  return passwd(args, { stdin: Readable.from([Buffer.from(input)]), stderr: new PassThrough() });
}

async function accountsFile(t: TestContext): Promise<string> {
  const folder = await temporaryFolder('humtemp-passwd');
  t.after(() => folder.remove());
  return join(folder.path, 'accounts');
}

async function says(args: readonly string[], input: string, said: string, isRight = true): Promise<void> {
  assert.deepEqual(await passwdWith(args, input), { said, isRight });
}

test('Mosquitto lets in whom humtemp passwd added, and the other way round', async (t) => {
  const file = await accountsFile(t);
  const mosquittoPasswd = await mosquittoClient('mosquitto_passwd');
  await says([file, 'anna'], 'first\n', 'anna: added\n');
  await says([file, 'two words'], 'ü €\r\nnot this\n', 'two words: added\n');
  await run(mosquittoPasswd, ['-b', file, 'bert', 'of mosquitto_passwd']);
  await run(mosquittoPasswd, ['-H', 'sha512', '-b', file, 'old', 'of 1.6']);
  await says([file, 'anna', '--iterations', '101'], 'second', 'anna: password changed\n');
  await says([file, 'gone'], 'gone', 'gone: added\n');
  await says([file, 'gone', '--delete'], '', 'gone: deleted\n');
  await says([file, '--list'], '', 'anna\ntwo words\nbert\nold\n');

  const mosquitto = await startMosquitto({
    config: 'password_file {folder}/accounts\nallow_anonymous false',
    files: { accounts: await readFile(file, 'utf8') },
  });
  try {
    for (const [username, password, right] of [
      ['anna', 'second', true],
      ['anna', 'first', false],
      ['two words', 'ü €', true],
      ['bert', 'of mosquitto_passwd', true],
      ['old', 'of 1.6', true],
      ['gone', 'gone', false],
    ] as const) {
      const publish = run(await mosquittoClient('mosquitto_pub'), [
        ...['-h', mosquitto.host, '-p', String(mosquitto.port), '-t', 'a', '-m', 'b', '-q', '1'],
        ...['-u', username, '-P', password],
      ]).then(
        () => true,
        () => false,
      );
      assert.equal(await publish, right, `${username} ${password}`);
      const said = right ? 'right' : username === 'gone' ? 'no such account' : 'wrong';
      await says([file, username, '--verify'], `${password}\n`, `${username}: ${said}\n`, right);
    }
  } finally {
    await mosquitto.close();
  }
});

test('all other lines stay, and nobody else may read the file', async (t) => {
  const file = await accountsFile(t);
  const before = '# lab sensors\n\n';
  const mode = async () => ((await stat(file)).mode & 0o777).toString(8);
  await writeFile(file, before, { mode: 0o644 });
  await says([file, 'anna'], 'secret', 'anna: added\n');
  assert.equal(await mode(), '600');
  const content = await readFile(file, 'utf8');
  assert.match(content, /^# lab sensors\n\nanna:\$7\$20000\$[^\n]+\n$/);
  await says([file, 'bert'], 'secret', 'bert: added\n');
  assert.ok((await readFile(file, 'utf8')).startsWith(content));
  await says([file, 'bert', '--delete'], '', 'bert: deleted\n');
  assert.equal(await readFile(file, 'utf8'), content);

  // A group that was given the file keeps it.
  await chmod(file, 0o640);
  const link = `${file}.link`;
  await symlink(file, link);
  await says([link, 'anna'], 'other', 'anna: password changed\n');
  assert.equal(await mode(), '640');
  assert.notEqual(await readFile(file, 'utf8'), content);
  assert.deepEqual((await readdir(join(file, '..'))).sort(), ['accounts', 'accounts.link']);
});

test('accounts that are added at the same time are all there, by whatever path', async (t) => {
  const file = await accountsFile(t);
  const link = `${file}.link`;
  await writeFile(file, '');
  await symlink(file, link);
  const names = Array.from({ length: 12 }, (_, i) => `n${i}`);
  await Promise.all(names.map((name, i) => says([i % 2 ? link : file, name], 'secret', `${name}: added\n`)));
  const { said } = await passwdWith([file, '--list'], '');
  assert.deepEqual(said.trim().split('\n').sort(), names.sort());
  assert.deepEqual((await readdir(join(file, '..'))).sort(), ['accounts', 'accounts.link']);
});

test('a byte order mark in front of the first account is none of its name', async (t) => {
  const file = await accountsFile(t);
  await says([file, 'anna'], 'secret', 'anna: added\n');
  await writeFile(file, `\ufeff${await readFile(file, 'utf8')}`);
  await says([file, '--list'], '', 'anna\n');
  await says([file, 'anna', '--verify'], 'secret', 'anna: right\n');
  await says([file, 'anna'], 'other', 'anna: password changed\n');
  assert.match(await readFile(file, 'utf8'), /^anna:[^\n]+\n$/);
});

test('what is wrong is said in one line, and changes nothing', async (t) => {
  const file = await accountsFile(t);
  const folder = join(file, '..');
  const refuses = (args: readonly string[], input: string, message: RegExp) =>
    assert.rejects(
      passwdWith(args, input),
      (error) => error instanceof StartError && message.test(error.message) && !error.message.includes('\n'),
      String(message),
    );
  await mkdir(join(folder, 'folder'));
  for (const [args, input, message] of [
    [[file, 'an:na'], '', /"an:na": expected a username without a colon/],
    [[file, 'anna'], '', /an empty password/],
    [[file, 'anna'], 'sec\0ret', /a password with NUL/],
    [[file, 'anna'], 'x'.repeat(200_000), /a password of more than 65535 bytes/],
    [[file, 'anna', '--delete'], '', /accounts: there is no such file/],
    [[join(folder, 'folder'), 'anna'], 'secret', /folder: expected a file, not a folder/],
    [[join(folder, 'absent', 'accounts'), 'anna'], 'secret', /accounts is unchanged: ENOENT/],
  ] as const)
    await refuses(args, input, message);
  assert.deepEqual(await readdir(folder), ['folder']);

  const other = 'root:x:0:0:root:/root:/bin/bash\n';
  await writeFile(file, other);
  await refuses([file, 'anna'], 'secret', /accounts, line 1: expected \$7\$/);
  assert.equal(await readFile(file, 'utf8'), other);
  await writeFile(file, '# none\n');
  await refuses([file, 'anna', '--delete'], '', /accounts has no account anna/);
});

const { stdout: scriptVersion } = spawnSync('script', ['--version'], { encoding: 'utf8' });
const noTerminal =
  scriptVersion?.includes('util-linux') !== true && "needs util-linux' script for a terminal";

/** Runs the command in a process of its own. */
const COMMAND = [
  ...process.execArgv,
  '--input-type=module',
  '--eval',
  `import { main } from ${JSON.stringify(new URL(`../../main${import.meta.url.slice(-3)}`, import.meta.url).href)};
   await main(["passwd", ...process.argv.slice(1)], {});`,
  '--',
];

test('on a terminal it asks twice, and shows nothing of it', { skip: noTerminal }, async (t) => {
  const file = await accountsFile(t);
  /** Types an answer at each question. What the terminal showed comes back. */
  const typed = async (answers: readonly string[], args: readonly string[]) => {
    const command = [process.execPath, ...COMMAND, ...args].map((arg) => `'${arg}'`).join(' ');
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let shown = '';
    let answered = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      if ((shown.match(/(Password|Again): /g) ?? []).length > answered)
        child.stdin.write(answers[answered++] ?? '');
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, shown: shown.replaceAll('\r', '') };
  };

  assert.deepEqual(await typed(['secreß\bst\r', 'secrest\r'], [file, 'anna']), {
    code: 0,
    shown: 'Password: \nAgain: \nanna: added\n',
  });
  assert.deepEqual(await typed(['secrest\r'], [file, 'anna', '--verify']), {
    code: 0,
    shown: 'Password: \nanna: right\n',
  });
  assert.deepEqual(await typed(['wrong\r'], [file, 'anna', '--verify']), {
    code: 1,
    shown: 'Password: \nanna: wrong\n',
  });
  const before = await readFile(file, 'utf8');
  for (const [answers, shown] of [
    [['new\r', 'knew\r'], 'Password: \nAgain: \nhumtemp: the two are not the same; nothing has changed\n'],
    [['\x03'], 'Password: \nhumtemp: no password; nothing has changed\n'],
  ] as const)
    assert.deepEqual(await typed(answers, [file, 'anna']), { code: 2, shown });
  assert.equal(await readFile(file, 'utf8'), before);
});
