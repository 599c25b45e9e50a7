import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, describe, type TestContext, test } from 'node:test';
import { LabsSource, type PublishSource, SourceTable, TopicFilters } from '@humtemp/intake';
import { noOpenHandles, pause, TOPIC, temporaryFolder, timed, UNTIMED, until } from '@humtemp/test-services';
import { openAccess } from './access/access-control.js';
import { hashPassword } from './access/password-hash.js';
import { bytesOf, frame, Scene } from './broker.fixture.js';

after(noOpenHandles);

const ITERATIONS = 101;

/** A broker with the accounts a, b and guard, each with its name as password, and the given rules. */
async function guarded(t: TestContext, acl: string, allowAnonymous = false, more = {}) {
  const folder = await temporaryFolder('authorization-test');
  const passwordFile = `${folder.path}/passwords`;
  const aclFile = `${folder.path}/acl`;
  const writeAccounts = async (...names: string[]) => {
    const lines = names.map(async (name) => {
      const [user = '', password = user] = name.split('=');
      return `${user}:${(await hashPassword(Buffer.from(password), ITERATIONS)).text}\n`;
    });
    await writeFile(passwordFile, (await Promise.all(lines)).join(''));
  };
  await writeAccounts('a', 'b', 'guard');
  await writeFile(aclFile, acl);
  const filters = new TopicFilters(['labs/+/observation']);
  const access = await openAccess({
    passwordFile,
    aclFile,
    allowAnonymous,
    labOf: (topic) => filters.labOf(topic),
    onReload: () => {},
    onError: (error) => assert.fail(error),
  });
  const scene = await Scene.open(t, {}, { access, ...more });
  t.after(() => folder.remove());
  const user = (name: string, more = {}) => scene.client({ username: name, password: name, ...more });
  return { scene, log: scene.log, user, writeAccounts, aclFile };
}

const RULES = `
user a
topic readwrite labs/a/observation
topic write other/a
user b
topic write labs/b/observation
user guard
topic read #
`;

function payloadsOf(client: Awaited<ReturnType<Scene['client']>>): string[] {
  const payloads: string[] = [];
  client.on('message', (topic, payload) => payloads.push(`${topic} ${payload}`));
  return payloads;
}

describe('access to the embedded broker', { concurrency: true }, () => {
  test('has the answers of Mosquitto for CONNECT', async (t) => {
    const { scene, log } = await guarded(t, RULES);
    const text = (value: string) => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)]);
    const answerTo = async (user?: string, password?: string) => {
      const socket = await scene.socket();
      const answers = bytesOf(socket);
      const flags = 2 | (user === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40);
      const head = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, flags, 0, 60, 0, 1, 0x78]);
      const parts = [user, password].flatMap((value) => (value === undefined ? [] : [text(value)]));
      socket.write(frame(0x10, Buffer.concat([head, ...parts])));
      await until(() => answers().length === 4);
      const [, , , code] = answers();
      if (code !== 0) await until(() => socket.closed);
      socket.destroy();
      return code;
    };
    assert.equal(await answerTo('a', 'a'), 0);
    assert.equal(await answerTo('a', 'b'), 5);
    assert.equal(await answerTo('nobody', 'a'), 5);
    assert.equal(await answerTo('a'), 5);
    assert.equal(await answerTo(), 5);
    assert.deepEqual(log.reasons, ['wrong user or password']);
  });

  test('acknowledges what may not be published, counts and lists it, and lets it go nowhere', async (t) => {
    const { scene, log, user } = await guarded(t, RULES);
    const away = await user('guard', { clientId: 'away', clean: false });
    await away.subscribeAsync('#', { qos: 2 });
    await away.endAsync();
    const guard = await user('guard');
    const seen = payloadsOf(guard);
    await guard.subscribeAsync('#', { qos: 2 });
    const a = await user('a');
    for (const qos of [0, 1, 2] as const)
      for (const retain of [false, true])
        for (const topic of ['labs/b/observation', 'other/b'])
          await a.publishAsync(topic, 'x', { qos, retain });
    await a.publishAsync(TOPIC, timed(1), { qos: 1 });
    await a.publishAsync('other/a', 'end', { qos: 1 });
    await until(() => seen.length === 2);
    const allowed = [`${TOPIC} ${timed(1)}`, 'other/a end'];
    assert.deepEqual(seen.toSorted(), allowed.toSorted());
    assert.deepEqual(scene.counts, { committed: 1, duplicate: 0, rejected: { not_authorized: 6 } });
    assert.equal(scene.broker.counters.notAuthorized, 6);
    await scene.intake.whenSettled();
    const listed = await scene.held.store.rejections(100);
    assert.deepEqual(
      new Set(listed.map(({ reason, source }) => `${reason} ${source}`)),
      new Set(['not_authorized labs/b/observation']),
    );
    assert.equal(log.lines.filter(({ msg }) => msg === 'publish refused').length, 1);
    // Neither retained nor kept in a session.
    const later = await user('guard', { clientId: 'away', clean: false });
    const kept = payloadsOf(later);
    await later.subscribeAsync('+/#', { qos: 2 });
    await pause(100);
    assert.ok(
      kept.every((text) => allowed.includes(text)),
      `${kept}`,
    );
  });

  test('drops a will that may not be published, and publishes one that may', async (t) => {
    const { scene, log, user } = await guarded(t, RULES);
    const guard = await user('guard');
    const seen = payloadsOf(guard);
    await guard.subscribeAsync('#', { qos: 1 });
    for (const topic of ['labs/b/observation', 'other/b', TOPIC]) {
      const client = await user('a', { will: { topic, payload: UNTIMED, qos: 1, retain: true } });
      client.stream.destroy();
    }
    await until(() => scene.counts.committed === 1 || scene.counts.rejected.retained === 1);
    await until(() => seen.length === 1);
    await pause(50);
    assert.deepEqual(seen, [`${TOPIC} ${UNTIMED}`]);
    assert.equal(scene.counts.rejected.not_authorized, 1);
    assert.ok(log.messages.includes('publish refused'));
  });

  test('delivers nobody what they may not read, though the subscription is granted; not from a session either', async (t) => {
    const { user } = await guarded(t, RULES);
    const [a, b] = [await user('a', { clientId: 'a', clean: false }), await user('b')];
    const seen = payloadsOf(a);
    await a.subscribeAsync('#', { qos: 1 });
    await b.publishAsync('labs/b/observation', timed(1), { qos: 1 });
    await a.publishAsync(TOPIC, timed(2), { qos: 1 });
    await until(() => seen.length === 1);
    await a.endAsync();
    await b.publishAsync('labs/b/observation', timed(3), { qos: 1 });
    const again = await user('a', { clientId: 'a', clean: false });
    const seenAgain = payloadsOf(again);
    await again.publishAsync(TOPIC, timed(4), { qos: 1 });
    await until(() => seenAgain.length === 1);
    assert.deepEqual([...seen, ...seenAgain], [`${TOPIC} ${timed(2)}`, `${TOPIC} ${timed(4)}`]);
  });

  test('follows its files: rules for those who are connected, and accounts that are gone', async (t) => {
    const { scene, log, user, writeAccounts, aclFile } = await guarded(t, RULES);
    const [a, b] = [await user('a'), await user('b')];
    await b.publishAsync(TOPIC, timed(1), { qos: 1 });
    await writeFile(aclFile, `${RULES}\nuser b\ntopic write ${TOPIC}\n`);
    await scene.broker.reload();
    await b.publishAsync(TOPIC, timed(2), { qos: 1 });
    assert.deepEqual(scene.counts, { committed: 1, duplicate: 0, rejected: { not_authorized: 1 } });
    await writeAccounts('a=another', 'guard');
    // Nothing needs to be told: the file is looked at.
    await until(() => !a.connected && !b.connected);
    assert.ok(log.reasons.includes('its account is gone, or has another password'));
  });

  test('lets clients without a name in where that is allowed, with the rules for them', async (t) => {
    const { scene } = await guarded(t, `topic write ${TOPIC}\n${RULES}`, true);
    const client = await scene.client();
    await client.publishAsync(TOPIC, UNTIMED, { qos: 1 });
    await client.publishAsync('labs/b/observation', UNTIMED, { qos: 1 });
    assert.deepEqual(scene.counts, { committed: 1, duplicate: 0, rejected: { not_authorized: 1 } });
  });

  test('counts labs that a payload names only where the account may publish on their topics', async (t) => {
    const gateway: PublishSource = {
      name: 'gateway',
      filters: ['gw/+'],
      match: (topic) => topic.startsWith('gw/') || undefined,
      decode: (_, { payload }, into) => {
        for (const lab of payload.toBuffer().toString().split(','))
          into.observation(lab, undefined, 20_000, 40_000, '');
      },
    };
    const sources = new SourceTable([new LabsSource(new TopicFilters(['labs/+/observation'])), gateway]);
    const { scene, user } = await guarded(
      t,
      'user a\ntopic write gw/+\ntopic write labs/a/observation\n',
      false,
      {
        sources,
      },
    );
    const client = await user('a');
    for (const qos of [1, 2] as const) await client.publishAsync('gw/1', 'a,b,a', { qos });
    assert.deepEqual(scene.counts, { committed: 4, duplicate: 0, rejected: { not_authorized: 2 } });
    await client.publishAsync('labs/a/observation', UNTIMED, { qos: 1 });
    assert.equal(scene.counts.committed, 5);
  });
});
