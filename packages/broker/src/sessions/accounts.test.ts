import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, describe, type TestContext, test } from 'node:test';
import { noOpenHandles, temporaryFolder, until } from '@humtemp/test-services';
import type { MqttClient } from 'mqtt';
import { openAccess } from '../access/access-control.js';
import { withAccount } from '../access/password-file.js';
import { hashPassword } from '../access/password-hash.js';
import { Scene } from '../broker.fixture.js';

after(noOpenHandles);

const RULES = 'user anna\ntopic readwrite #\nuser bert\ntopic readwrite #\n';

/** A broker with two accounts that may do everything, whose passwords are their names. */
async function openWithAccounts(t: TestContext): Promise<Scene> {
  const folder = await temporaryFolder('accounts-test');
  t.after(() => folder.remove());
  let passwords = '';
  for (const name of ['anna', 'bert'])
    passwords = withAccount(passwords, name, await hashPassword(Buffer.from(name), 101));
  const [passwordFile, aclFile] = [`${folder.path}/passwords`, `${folder.path}/acl`];
  await writeFile(passwordFile, passwords);
  await writeFile(aclFile, RULES);
  const access = await openAccess({
    passwordFile,
    aclFile,
    allowAnonymous: false,
    labOf: () => undefined,
    onReload: () => {},
    onError: (error) => assert.fail(error),
  });
  return Scene.open(t, {}, { access });
}

const as = (username: string, clean = false) => ({ clientId: 'board', clean, username, password: username });

function payloadsOf(client: MqttClient): string[] {
  const payloads: string[] = [];
  client.on('message', (_topic, payload) => payloads.push(payload.toString()));
  return payloads;
}

describe('a client id that two accounts use', { concurrency: true }, () => {
  test('names a connection of each, and neither ends the other', async (t) => {
    const scene = await openWithAccounts(t);
    const anna = await scene.client(as('anna'));
    const bert = await scene.client(as('bert'));
    await anna.publishAsync('x', 'x', { qos: 1 });
    await bert.publishAsync('x', 'x', { qos: 1 });
    assert.deepEqual([anna.connected, bert.connected], [true, true]);
    assert.equal(scene.broker.counters.takenOver, 0);
    await scene.client(as('anna'));
    await until(() => !anna.connected);
    assert.deepEqual([bert.connected, scene.broker.counters.takenOver], [true, 1]);
  });

  test('names a session of each: nobody receives, acknowledges or ends what waits for the other', async (t) => {
    const scene = await openWithAccounts(t);
    const first = await scene.client(as('anna'));
    await first.subscribeAsync('q', { qos: 1 });
    await first.endAsync();
    const publisher = await scene.client({ ...as('anna'), clientId: 'publisher' });
    await publisher.publishAsync('q', 'for anna', { qos: 1 });
    for (const clean of [false, true]) {
      const bert = await scene.client(as('bert', clean));
      const received = payloadsOf(bert);
      await bert.subscribeAsync('end', { qos: 1 });
      await publisher.publishAsync('end', 'end', { qos: 1 });
      await until(() => received.length > 0);
      assert.deepEqual(received, ['end']);
      await bert.endAsync();
    }
    const received: string[] = [];
    const anna = await scene.client({
      ...as('anna'),
    });
    anna.on('message', (_topic, payload) => received.push(payload.toString()));
    await until(() => received.length === 1);
    assert.deepEqual(received, ['for anna']);
  });

  test('lets a publish of one at QoS 2 count, whatever the other has not released', async (t) => {
    const scene = await openWithAccounts(t);
    const publish = (temp: number) => ({ topic: 'labs/a/observation', payload: `{"temp":${temp}}` });
    scene.held.hold();
    const anna = await scene.client(as('anna'));
    const one = anna.publishAsync(publish(20).topic, publish(20).payload, { qos: 2, dup: true });
    await until(() => scene.intake.ledger.counters().received === 1);
    const bert = await scene.client(as('bert'));
    const other = bert.publishAsync(publish(21).topic, publish(21).payload, { qos: 2, dup: true });
    await until(() => scene.intake.ledger.counters().received === 2);
    scene.held.release();
    await Promise.all([one, other]);
    assert.equal(scene.counts.committed, 2);
  });
});

test('two clients that fight over one client id, in both versions, are logged once and counted', async (t) => {
  const scene = await Scene.open(t);
  let connections = 0;
  const client = async () =>
    scene.client({ clientId: 'board', clean: true, protocolVersion: connections++ % 2 === 0 ? 5 : 4 });
  let last = await client();
  for (let i = 0; i < 6; i++) {
    const next = await client();
    await until(() => !last.connected);
    last = next;
  }
  assert.deepEqual([scene.broker.counters.takenOver, scene.broker.counters.fights], [6, 1]);
  assert.deepEqual(scene.log.messages, ['two clients fight over one client id']);
});
