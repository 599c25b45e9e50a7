import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMosquitto, temporaryFolder } from '@humtemp/test-services';
import { type AccessOptions, openAccess } from './access-control.js';
import { PASSWORD_FILE } from './access-table.fixture.js';
import { type AuthenticationCase, authenticationTable, isLetIn } from './authentication-table.fixture.js';

const ACL_FILE = 'topic read public\nuser anna\ntopic own\n';

function inTurn(
  table: readonly AuthenticationCase[],
  ask: (entry: AuthenticationCase) => Promise<boolean>,
): Promise<AuthenticationCase[]> {
  return table.reduce<Promise<AuthenticationCase[]>>(
    async (answered, entry) => [...(await answered), { ...entry, accepted: await ask(entry) }],
    Promise.resolve([]),
  );
}

async function mosquittoAnswers(table: readonly AuthenticationCase[], config: string) {
  const mosquitto = await startMosquitto({ config, files: { accounts: PASSWORD_FILE, rules: ACL_FILE } });
  try {
    return await inTurn(table, (entry) => isLetIn(mosquitto.port, entry));
  } finally {
    await mosquitto.close();
  }
}

async function accessAnswers(
  table: readonly AuthenticationCase[],
  options: (folder: string) => Pick<AccessOptions, 'passwordFile' | 'aclFile' | 'allowAnonymous'>,
) {
  const folder = await temporaryFolder('authentication-table');
  await writeFile(join(folder.path, 'accounts'), PASSWORD_FILE);
  await writeFile(join(folder.path, 'rules'), ACL_FILE);
  const fail = (what: unknown) => assert.fail(String(what));
  const access = await openAccess({
    ...options(folder.path),
    labOf: () => undefined,
    onReload: ({ file }) => fail(file),
    onError: fail,
  });
  try {
    return await inTurn(
      table,
      async ({ username, password }) => (await access.authenticate(username, password)) === 'accepted',
    );
  } finally {
    access.close();
    await folder.remove();
  }
}

for (const allowAnonymous of [true, false]) {
  const table = authenticationTable(allowAnonymous);

  test(`Mosquitto lets in who the table says, anonymous clients: ${allowAnonymous}`, async () => {
    const config = `password_file {folder}/accounts\nallow_anonymous ${allowAnonymous}`;
    assert.deepEqual(await mosquittoAnswers(table, config), table);
  });

  test(`AccessControl lets in who the table says, anonymous clients: ${allowAnonymous}`, async () => {
    const answers = accessAnswers(table, (folder) => ({
      passwordFile: join(folder, 'accounts'),
      aclFile: undefined,
      allowAnonymous,
    }));
    assert.deepEqual(await answers, table);
  });
}

/** Everybody may use any name: an acl_file without a password_file is for networks that are trusted. */
const openTable = authenticationTable(true).map((entry) => ({ ...entry, accepted: true }));

test('without a password file, Mosquitto lets everybody in', async () => {
  const config = 'acl_file {folder}/rules\nallow_anonymous true';
  assert.deepEqual(await mosquittoAnswers(openTable, config), openTable);
});

test('without a password file, AccessControl lets everybody in', async () => {
  const answers = accessAnswers(openTable, (folder) => ({
    passwordFile: undefined,
    aclFile: join(folder, 'rules'),
    allowAnonymous: true,
  }));
  assert.deepEqual(await answers, openTable);
});
