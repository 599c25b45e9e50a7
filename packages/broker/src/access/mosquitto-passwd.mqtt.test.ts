import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { mosquittoClient, startMosquitto, temporaryFolder } from '@humtemp/test-services';
import { isLetIn } from './authentication-table.fixture.js';
import { parsePasswordFile, withAccount } from './password-file.js';
import { hashPassword, verifyPassword } from './password-hash.js';

const run = promisify(execFile);
const PASSWORDS: Readonly<Record<string, string>> = {
  anna: 'secret',
  'lab/1': '$7$101$',
  'two words': ' with spaces ',
  ümlaut: 'größer als 7 €',
  long: 'x'.repeat(1000),
};

test('what mosquitto_passwd writes is read, and its passwords match', async () => {
  const folder = await temporaryFolder('mosquitto-passwd');
  try {
    const file = join(folder.path, 'accounts');
    const mosquittoPasswd = await mosquittoClient('mosquitto_passwd');
    for (const [i, [username, password]] of Object.entries(PASSWORDS).entries()) {
      const options = [['-c'], ['-H', 'sha512'], ['-I', '1000'], [], []][i]!;
      await run(mosquittoPasswd, [...options, '-b', file, username, password]);
    }
    const accounts = parsePasswordFile(await readFile(file, 'utf8'), file);
    assert.deepEqual([...accounts.keys()], Object.keys(PASSWORDS));
    const byDefault = accounts.get('anna')!.iterations!;
    assert.ok([101, 1000].includes(byDefault), `2.0 has 101, 2.1 has 1000, this one ${byDefault}`);
    assert.deepEqual(
      [...accounts.values()].map(({ iterations }) => iterations),
      [byDefault, undefined, 1000, byDefault, byDefault],
    );
    for (const [username, hash] of accounts) {
      assert.equal(await verifyPassword(Buffer.from(PASSWORDS[username]!), hash), true, username);
      assert.equal(await verifyPassword(Buffer.from(`${PASSWORDS[username]} `), hash), false, username);
    }
  } finally {
    await folder.remove();
  }
});

test('what is written here, Mosquitto reads, and its passwords match', async () => {
  let accounts = '# accounts\n\n';
  for (const [username, password] of Object.entries(PASSWORDS))
    accounts = withAccount(accounts, username, await hashPassword(Buffer.from(password)));
  const mosquitto = await startMosquitto({
    config: 'password_file {folder}/accounts\nallow_anonymous false',
    files: { accounts },
  });
  try {
    for (const [username, password] of Object.entries(PASSWORDS))
      for (const [sent, expected] of [
        [password, true],
        [`${password}x`, false],
      ] as const)
        assert.equal(
          await isLetIn(mosquitto.port, { username, password: Buffer.from(sent) }),
          expected,
          username,
        );
  } finally {
    await mosquitto.close();
  }
});
