import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startMosquitto, temporaryFolder } from '@humtemp/test-services';
import { type AccessControl, openAccess } from './access-control.js';
import { ACCESS_TABLES, type AccessTable, DOLLAR_TABLE } from './access-table.fixture.js';
import { brokerAnswers } from './broker-answers.fixture.js';

const FILES_IN_MOSQUITTO_CONF = 'password_file {folder}/accounts\nacl_file {folder}/rules';

/** Since 2.1, %c and %u stand for whole levels only: not for a part of one, nor for a name with a slash. */
const DENIED_SINCE_2_1: ReadonlySet<string> = new Set([
  'c1bert',
  'clients/a/b/inbox',
  'labs/lab/1/observation',
]);

interface Answers {
  readonly answers: boolean[];
  readonly isSince21: boolean;
}

async function mosquittoAnswers(table: AccessTable): Promise<Answers> {
  const mosquitto = await startMosquitto({
    config: FILES_IN_MOSQUITTO_CONF,
    files: { accounts: table.passwordFile, rules: table.aclFile },
  });
  try {
    const answers = await brokerAnswers(mosquitto.url, table);
    return { answers, isSince21: !/mosquitto version (1|2\.0)\./.test(mosquitto.log()) };
  } finally {
    await mosquitto.close();
  }
}

async function accessAnswers({ passwordFile, aclFile, cases }: AccessTable): Promise<boolean[]> {
  const folder = await temporaryFolder('access-table');
  const [accounts, rules] = [join(folder.path, 'accounts'), join(folder.path, 'rules')];
  await writeFile(accounts, passwordFile);
  await writeFile(rules, aclFile);
  const fail = (what: unknown) => assert.fail(String(what));
  let access: AccessControl | undefined;
  try {
    access = await openAccess({
      passwordFile: accounts,
      aclFile: rules,
      allowAnonymous: true,
      labOf: () => undefined,
      onReload: ({ file }) => fail(file),
      onError: fail,
    });
    const { mayRead, mayPublish } = bound(access);
    return cases.map((entry) => (entry.way === 'receive' ? mayRead : mayPublish)(entry, entry.topic));
  } finally {
    access?.close();
    await folder.remove();
  }
}

function bound(access: AccessControl): Pick<AccessControl, 'mayRead' | 'mayPublish'> {
  return { mayRead: access.mayRead.bind(access), mayPublish: access.mayPublish.bind(access) };
}

for (const table of [...ACCESS_TABLES, DOLLAR_TABLE])
  describe(`${table.name}, ${table.cases.length} cases`, () => {
    /** The cases, with these answers. */
    const answered = (answers: readonly boolean[]) =>
      table.cases.map((entry, i) => ({ ...entry, allowed: answers[i] }));

    test('are answered by Mosquitto as the table says', async () => {
      const { answers, isSince21 } = await mosquittoAnswers(table);
      const expected = table.cases.map((entry) => ({
        ...entry,
        allowed: entry.allowed && !(isSince21 && DENIED_SINCE_2_1.has(entry.topic)),
      }));
      assert.deepEqual(answered(answers), expected);
    });

    test('are answered by AccessControl as the table says', async () => {
      assert.deepEqual(answered(await accessAnswers(table)), table.cases);
    });
  });
