import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { noOpenHandles, pause, TOPIC, times, UNTIMED, until } from '@humtemp/test-services';
import { connectFrame, FAST_LANE, publishFrame, Scene, subscribeFrame } from './broker.fixture.js';

after(noOpenHandles);

/** Collects the payloads that a client receives. */
function payloadsOf(client: Awaited<ReturnType<Scene['client']>>): string[] {
  const payloads: string[] = [];
  client.on('message', (_topic, payload) => payloads.push(payload.toString()));
  return payloads;
}

describe('limits of the embedded broker:', { concurrency: true }, () => {
  test('subscriptions of a client; those beyond are refused, the others go on, also in a session', async (t) => {
    for (const clean of [true, false]) {
      const scene = await Scene.open(t, { subscriptionsPerClientMax: 3 });
      const { socket, answers } = await scene.exchange(connectFrame('s', clean));
      socket.write(subscribeFrame(['a', 'b', 'a', 'c', 'd', 'e'], 1));
      // A code for each filter [MQTT-3.9.3-1]; of two that are the same the MQTT library leaves one out.
      const codes = clean ? [1, 1, 1, 1, 0x80, 0x80] : [1, 1, 1, 0x80, 0x80];
      await until(() => answers().includes(Buffer.from([0x90, 2 + codes.length, 0, 1, ...codes])));
      socket.write(subscribeFrame(['a'], 1));
      await until(() => answers().includes(Buffer.from([0x90, 3, 0, 1, 1])));
      assert.deepEqual(scene.log.reasons, ['more than 3 subscriptions']);
      socket.destroy();
      await until(() => scene.broker.connections === 0);
      if (clean) continue;
      const publisher = await scene.client();
      for (const topic of ['c', 'd']) await publisher.publishAsync(topic, topic, { qos: 1 });
      const { answers: kept } = await scene.exchange(connectFrame('s', false));
      await until(() =>
        kept().includes(publishFrame({ qos: 1, id: 1, topic: 'c', payload: 'c' }).subarray(2, 5)),
      );
      await pause(50);
      assert.equal(kept().length, 4 + 8);
    }
  });

  test('a subscription that is given back makes room', async (t) => {
    const scene = await Scene.open(t, { subscriptionsPerClientMax: 1 });
    const client = await scene.client();
    for (const filter of ['a', 'b', 'c']) {
      const [granted] = await client.subscribeAsync(filter, { qos: 0 });
      assert.equal(granted?.qos, 0);
      await client.unsubscribeAsync(filter);
    }
  });

  test('publishes that wait in a session, and their bytes; new ones are dropped, counted and named once', async (t) => {
    for (const limits of [{ queuedMessagesMax: 10 }, { queuedBytesMax: 10 * (256 + 1 + 100) }]) {
      const scene = await Scene.open(t, limits);
      const session = { clientId: 'away', clean: false };
      const client = await scene.client(session);
      await client.subscribeAsync('q', { qos: 1 });
      await client.endAsync();
      const publisher = await scene.client();
      // Begins with a letter: no byte of a random packet identifier before it makes it another one.
      const payloads = times(30, (i) => `p${i}`.padEnd(100));
      for (const payload of payloads) await publisher.publishAsync('q', payload, { qos: 1 });
      assert.equal(scene.broker.counters.queuedDropped, 20);
      assert.deepEqual(scene.log.messages, [
        'a session has its fill of publishes; further ones are dropped for it',
      ]);
      const { answers } = await scene.exchange(connectFrame('away', false));
      await until(() => answers().includes(payloads[9]!));
      await pause(50);
      assert.equal(answers().includes(payloads[10]!), false);
      // It reads, but acknowledges nothing: what comes now is delivered and not kept.
      await publisher.publishAsync('q', payloads[20]!, { qos: 1 });
      await until(() => answers().includes(payloads[20]!));
    }
  });

  test('sessions whose client is away; the one that was away the longest goes', async (t) => {
    const scene = await Scene.open(t, { sessionsMax: 2 });
    for (const clientId of ['a', 'b', 'c', 'd']) {
      const client = await scene.client({ clientId, clean: false });
      await client.subscribeAsync('q', { qos: 1 });
      if (clientId !== 'd') await client.endAsync();
    }
    await until(() => scene.broker.counters.sessionsForgotten === 1);
    const isPresent = async (id: string) => {
      const { answers } = await scene.exchange(connectFrame(id, false));
      await until(() => answers().length >= 4);
      return answers()[2] === 1;
    };
    // d is there, and none that is away.
    assert.deepEqual(await Promise.all(['b', 'c', 'a'].map(isPresent)), [true, true, false]);
  });

  test('retained publishes, and their bytes; a topic that has none gets none, and loses none that is old', async (t) => {
    for (const limits of [{ retainedMessagesMax: 3 }, { retainedBytesMax: 9 }]) {
      const scene = await Scene.open(t, limits);
      const publisher = await scene.client();
      for (const i of [0, 1, 2, 3, 4])
        await publisher.publishAsync(`r${i}`, `${i}`, { qos: 1, retain: true });
      assert.equal(scene.broker.counters.retainedDropped, 2);
      // One goes, another comes; a new one of the same topic.
      await publisher.publishAsync('r0', '', { qos: 1, retain: true });
      await publisher.publishAsync('r4', '5', { qos: 1, retain: true });
      await publisher.publishAsync('r1', '9', { qos: 1, retain: true });
      const client = await scene.client();
      const payloads = payloadsOf(client);
      await client.subscribeAsync('#', { qos: 1 });
      await until(() => payloads.length === 3);
      assert.deepEqual(payloads.sort(), ['2', '5', '9']);
    }
  });

  test('publishes per second of a connection: more than that have to wait, and none is lost', async (t) => {
    const scene = await Scene.open(t, { publishRateMax: 100 });
    const startMs = performance.now();
    const { socket, answers } = await scene.exchange(connectFrame('fast'));
    // What is read in one piece is taken as one, and the debt is paid before the next: these are more than a piece each.
    const payload = UNTIMED.padEnd(1000);
    for (let i = 0; i < 3; i++) {
      const topic = i === 1 ? 'other' : TOPIC;
      socket.write(
        Buffer.concat(times(100, (k) => publishFrame({ qos: 1, id: i * 100 + k + 1, topic, payload }))),
      );
      await pause(100);
    }
    socket.write(publishFrame({ qos: 1, id: 301 }));
    const calm = await scene.client();
    await calm.publishAsync(TOPIC, UNTIMED, { qos: 1 });
    await until(() => answers().length === 4 + 301 * 4);
    assert.ok(performance.now() - startMs > 1900, `${performance.now() - startMs} ms`);
    assert.equal(scene.counts.committed, 202);
  });

  test('a keep-alive that is too long, or none, is cut short', async (t) => {
    const scene = await Scene.open(t, { keepAliveSMax: 1 });
    const silent = await Promise.all(times(2, () => scene.socket()));
    const connects = [connectFrame('none'), connectFrame('long')];
    // The keep-alive stands behind the flags, in two bytes.
    connects[0]!.set([0, 0], 10);
    for (const [i, socket] of silent.entries()) socket.resume().write(connects[i]!);
    await until(() => silent.every((socket) => socket.closed));
    assert.deepEqual(scene.log.reasons, ['keep alive timeout']);
  });

  test('none is for QoS 2: as many as a client has in flight are counted, each once', async (t) => {
    const scene = await Scene.open(t);
    const client = await scene.client({ clean: false, clientId: 'many' });
    await Promise.all(times(3000, () => client.publishAsync(TOPIC, UNTIMED, { qos: 2 })));
    assert.deepEqual(scene.counts, { committed: 3000, duplicate: 0, rejected: {} });
    assert.equal(client.connected, true);
  });

  if (FAST_LANE)
    test('the fast lane stays in use while somebody subscribes', async (t) => {
      const scene = await Scene.open(t);
      const client = await scene.client();
      const payloads = payloadsOf(client);
      await client.subscribeAsync('labs/#', { qos: 1 });
      let authorized = 0;
      const { intake } = scene;
      const receive = intake.receive.bind(intake);
      intake.receive = (...args) => {
        authorized += 1;
        return receive(...args);
      };
      await Promise.all(times(100, () => client.publishAsync(TOPIC, UNTIMED, { qos: 1 })));
      await until(() => payloads.length === 100);
      assert.equal(authorized, 0);
    });
});
