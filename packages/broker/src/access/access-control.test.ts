import assert from 'node:assert/strict';
import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { TopicFilters } from '@humtemp/intake';
import { temporaryFolder } from '@humtemp/test-services';
import { FileProblem } from '@humtemp/watched-files';
import { type AccessOptions, OPEN_ACCESS, openAccess } from './access-control.js';
import { withAccount, withoutAccount } from './password-file.js';
import { hashPassword } from './password-hash.js';

const secret = Buffer.from('secret');
const other = Buffer.from('other');
const hash = await hashPassword(secret, 101);
const otherHash = await hashPassword(other, 101);
const ACCOUNTS = withAccount(withAccount('# labs\n', 'a', hash), 'floor-2/room-7', hash);
const filters = new TopicFilters(['labs/+/observation', 'labs/+/+/observation']);
const a = { clientId: 'c', username: 'a' };

/** Access of files in a folder of their own, and what it reported. */
async function scene(
  t: TestContext,
  files: { accounts?: string; rules?: string },
  options: Partial<AccessOptions> = {},
) {
  const folder = await temporaryFolder('access-control');
  t.after(() => folder.remove());
  const accounts = join(folder.path, 'accounts');
  const rules = join(folder.path, 'rules');
  if (files.accounts !== undefined) await writeFile(accounts, files.accounts);
  if (files.rules !== undefined) await writeFile(rules, files.rules);
  const reloads: { file: string; accounts?: number; rules?: number }[] = [];
  const errors: string[] = [];
  const access = await openAccess({
    passwordFile: files.accounts === undefined ? undefined : accounts,
    aclFile: files.rules === undefined ? undefined : rules,
    allowAnonymous: false,
    labOf: (topic) => filters.labOf(topic),
    onReload: (what) => reloads.push(what),
    onError: (error) => errors.push(error.message),
    ...options,
  });
  t.after(() => access.close());
  return { access, accounts, rules, reloads, errors };
}

describe('with accounts and no rules', () => {
  test('an account publishes to the observation topics of its lab, and reads them', async (t) => {
    const { access } = await scene(t, { accounts: ACCOUNTS });
    for (const [username, topic, may] of [
      ['a', 'labs/a/observation', true],
      ['a', 'labs/b/observation', false],
      ['a', 'labs/a', false],
      ['a', 'labs/a/observation/x', false],
      ['a', 'labs/+/observation', false],
      ['a', 'labs/#', false],
      ['a', '#', false],
      ['a', '$SYS/broker', false],
      ['a', '$share/g/labs/a/observation', false],
      ['floor-2/room-7', 'labs/floor-2/room-7/observation', true],
      ['floor-2/room-7', 'labs/floor-2/room-8/observation', false],
      ['nobody', 'labs/nobody/observation', false],
      ['', 'labs//observation', false],
      [undefined, 'labs/a/observation', false],
      [undefined, 'elsewhere', false],
    ] as const) {
      const client = { clientId: 'c', username };
      assert.deepEqual(
        [access.mayPublish(client, topic), access.mayRead(client, topic), access.maySubscribe(client, topic)],
        [may, may, may],
        `${username} ${topic}`,
      );
    }
  });
});

test('with rules, every subscription is granted', async (t) => {
  const { access } = await scene(t, { accounts: ACCOUNTS, rules: 'user a\ntopic deny #\n' });
  assert.equal(access.maySubscribe(a, '#'), true);
  assert.equal(access.mayRead(a, 'labs/a/observation'), false);
});

test('open access refuses nobody', async () => {
  assert.equal(await OPEN_ACCESS.authenticate('a', undefined), 'accepted');
  const client = { clientId: 'c', username: undefined };
  assert.equal(OPEN_ACCESS.mayPublish(client, 'a'), true);
  assert.equal(OPEN_ACCESS.mayRead(client, 'a'), true);
  assert.equal(OPEN_ACCESS.maySubscribe(client, '#'), true);
  assert.equal(OPEN_ACCESS.version, 0);
  OPEN_ACCESS.close();
});

test('files that cannot be read or understood are refused, with the place and what was expected', async (t) => {
  const folder = await temporaryFolder('access-control');
  t.after(() => folder.remove());
  await mkdir(join(folder.path, 'folder'));
  await writeFile(join(folder.path, 'bad'), 'topic a\nuser\n');
  await writeFile(join(folder.path, 'good'), '');
  await writeFile(join(folder.path, 'large'), Buffer.alloc(16 * 1024 * 1024 + 1, '#'));
  for (const [passwordFile, aclFile, message] of [
    ['absent', 'good', 'absent: there is no such file'],
    ['folder', 'good', 'folder: expected a file, not a folder'],
    ['good/x', 'good', 'good/x: a part of the path is not a folder'],
    ['large', 'good', 'large: expected at most 16777216 bytes, not 16777217'],
    ['bad', 'good', 'bad, line 1: expected username:hash'],
    ['good', 'bad', 'bad, line 2: expected a username behind user'],
  ] as const)
    await assert.rejects(
      openAccess({
        passwordFile: join(folder.path, passwordFile),
        aclFile: join(folder.path, aclFile),
        allowAnonymous: false,
        labOf: () => undefined,
        onReload: () => {},
        onError: () => {},
      }),
      (error) => {
        assert.ok(error instanceof FileProblem, String(error));
        assert.equal(error.message, join(folder.path, message));
        return true;
      },
    );
});

test('a byte order mark in front of a file is none of its first line', async (t) => {
  const { access } = await scene(t, {
    accounts: `\ufeff${withAccount('', 'a', hash)}`,
    rules: '\ufeffuser a\ntopic write x\n',
  });
  assert.equal(await access.authenticate('a', secret), 'accepted');
  assert.equal(access.mayPublish(a, 'x'), true);
});

describe('when a file changes', () => {
  test('the new accounts and rules count at once, also for those who are connected', async (t) => {
    const { access, accounts, rules, reloads, errors } = await scene(t, {
      accounts: ACCOUNTS,
      rules: 'user a\ntopic x\n',
    });
    assert.equal(await access.authenticate('a', secret), 'accepted');
    assert.equal(access.mayPublish(a, 'x'), true);
    assert.equal(access.version, 0);

    await writeFile(`${rules}.new`, 'user a\ntopic y\ntopic z\n');
    await rename(`${rules}.new`, rules);
    while (access.version === 0) await pause(20);
    assert.deepEqual(reloads, [{ file: rules, rules: 2 }]);
    assert.equal(access.mayPublish(a, 'x'), false);
    assert.equal(access.mayPublish(a, 'y'), true);
    assert.equal(access.isCurrent('a', 0), true);

    await writeFile(accounts, withAccount(ACCOUNTS, 'a', otherHash));
    while (access.version === 1) await pause(20);
    assert.deepEqual(reloads.slice(1), [{ file: accounts, accounts: 2 }]);
    assert.equal(await access.authenticate('a', secret), 'bad_credentials');
    assert.equal(await access.authenticate('a', other), 'accepted');
    assert.deepEqual(errors, []);
  });

  test('an account that is gone or changed is no longer current, and one that is gone has no rights', async (t) => {
    const { access, accounts } = await scene(t, { accounts: ACCOUNTS }, { allowAnonymous: true });
    await appendFile(accounts, '# more\n');
    await access.reload();
    assert.equal(access.version, 1);
    for (const username of ['a', 'floor-2/room-7', undefined, '']) assert.ok(access.isCurrent(username, 0));

    await writeFile(accounts, withAccount(ACCOUNTS, 'a', otherHash));
    await access.reload();
    assert.equal(access.isCurrent('a', 1), false);
    assert.equal(access.isCurrent('a', 2), true);
    assert.equal(access.mayPublish(a, 'labs/a/observation'), true);

    await writeFile(accounts, withoutAccount(ACCOUNTS, 'a'));
    await access.reload();
    assert.equal(access.isCurrent('a', 2), false);
    assert.equal(access.mayPublish(a, 'labs/a/observation'), false);
    assert.equal(access.mayRead(a, 'labs/a/observation'), false);
    assert.equal(access.maySubscribe(a, 'labs/a/observation'), false);
    assert.equal(access.isCurrent('floor-2/room-7', 0), true);
    assert.equal(access.isCurrent(undefined, 0), true);
  });

  test('one that is half written or gone changes nothing, and is reported once', async (t) => {
    const { access, accounts, reloads, errors } = await scene(t, { accounts: ACCOUNTS });
    await writeFile(accounts, ACCOUNTS.slice(0, -30));
    while (errors.length < 1) await pause(20);
    assert.equal(
      errors[0],
      `${accounts}, line 3: expected $7$iterations$salt$hash or $6$salt$hash behind the username, as mosquitto_passwd writes it`,
    );
    await rm(accounts);
    while (errors.length < 2) await pause(20);
    assert.equal(errors[1], `${accounts}: there is no such file`);
    assert.equal(await access.authenticate('a', secret), 'accepted');
    assert.equal(access.mayPublish(a, 'labs/a/observation'), true);
    assert.deepEqual([access.version, reloads], [0, []]);

    await writeFile(accounts, withAccount(ACCOUNTS, 'new', hash));
    while (access.version === 0) await pause(20);
    assert.equal(await access.authenticate('new', secret), 'accepted');
    assert.deepEqual(reloads, [{ file: accounts, accounts: 3 }]);
    assert.equal(errors.length, 2);
  });

  test('reload reads both files at once, and does not reject', async (t) => {
    const { access, accounts, rules, reloads, errors } = await scene(t, { accounts: ACCOUNTS, rules: '' });
    await writeFile(rules, 'user a\ntopic x\n');
    await access.reload();
    assert.deepEqual(reloads, [
      { file: accounts, accounts: 2 },
      { file: rules, rules: 1 },
    ]);
    assert.equal(access.mayPublish(a, 'x'), true);
    await writeFile(rules, 'nonsense\n');
    await access.reload();
    assert.deepEqual(errors, [
      `${rules}, line 1: expected a line that starts with user, topic, pattern or #`,
    ]);
    assert.equal(access.mayPublish(a, 'x'), true);
  });
});
