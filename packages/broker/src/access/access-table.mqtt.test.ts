import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { noOpenHandles, startMosquitto, temporaryFolder } from '@humtemp/test-services';
import { Scene } from '../broker.fixture.js';
import { type AccessControl, openAccess } from './access-control.js';
import { ACCESS_TABLES, type AccessTable, DOLLAR_TABLE } from './access-table.fixture.js';
import { brokerAnswers, type Version } from './broker-answers.fixture.js';

after(noOpenHandles);

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

async function mosquittoAnswers(table: AccessTable, version: Version): Promise<Answers> {
  const mosquitto = await startMosquitto({
    config: FILES_IN_MOSQUITTO_CONF,
    files: { accounts: table.passwordFile, rules: table.aclFile },
  });
  try {
    const answers = await brokerAnswers(mosquitto.url, table, version);
    return { answers, isSince21: !/mosquitto version (1|2\.0)\./.test(mosquitto.log()) };
  } finally {
    await mosquitto.close();
  }
}

/** Access as the files of a table say, which go when the test is over. */
async function accessOf(t: TestContext, { passwordFile, aclFile }: AccessTable): Promise<AccessControl> {
  const folder = await temporaryFolder('access-table');
  t.after(() => folder.remove());
  const [accounts, rules] = [join(folder.path, 'accounts'), join(folder.path, 'rules')];
  await writeFile(accounts, passwordFile);
  await writeFile(rules, aclFile);
  const fail = (what: unknown) => assert.fail(String(what));
  return await openAccess({
    passwordFile: accounts,
    aclFile: rules,
    allowAnonymous: true,
    labOf: () => undefined,
    onReload: ({ file }) => fail(file),
    onError: fail,
  });
}

async function accessAnswers(t: TestContext, table: AccessTable): Promise<boolean[]> {
  const access = await accessOf(t, table);
  t.after(() => access.close());
  const { mayRead, mayPublish } = bound(access);
  return table.cases.map((entry) => (entry.way === 'receive' ? mayRead : mayPublish)(entry, entry.topic));
}

function bound(access: AccessControl): Pick<AccessControl, 'mayRead' | 'mayPublish'> {
  return { mayRead: access.mayRead.bind(access), mayPublish: access.mayPublish.bind(access) };
}

for (const table of [...ACCESS_TABLES, DOLLAR_TABLE])
  describe(`${table.name}, ${table.cases.length} cases`, () => {
    /** The cases, with these answers. */
    const answered = (answers: readonly boolean[]) =>
      table.cases.map((entry, i) => ({ ...entry, allowed: answers[i] }));

    for (const version of [4, 5] as const)
      test(`are answered by Mosquitto as the table says (version ${version})`, async () => {
        const { answers, isSince21 } = await mosquittoAnswers(table, version);
        const expected = table.cases.map((entry) => ({
          ...entry,
          allowed: entry.allowed && !(isSince21 && DENIED_SINCE_2_1.has(entry.topic)),
        }));
        assert.deepEqual(answered(answers), expected);
      });

    test('are answered by AccessControl as the table says', async (t) => {
      assert.deepEqual(answered(await accessAnswers(t, table)), table.cases);
    });

    // Ours takes no publish on a topic of the broker's, whoever may.
    if (table === DOLLAR_TABLE) return;
    for (const version of [4, 5] as const)
      test(`are answered by the embedded broker as the table says (version ${version})`, async (t) => {
        const scene = await Scene.open(t, {}, { access: await accessOf(t, table) });
        assert.deepEqual(answered(await brokerAnswers(scene.url, table, version)), table.cases);
      });
  });
