import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { noOpenHandles, pause, until } from '@humtemp/test-services';
import { bytesOf, connectFrame, PUBREC_1, publishFrame, Scene } from './broker.fixture.js';

after(noOpenHandles);

const untimed = (temp: number) => JSON.stringify({ temp, humidity: 50 });
const publish = (temp: number) => publishFrame({ qos: 2, id: 1, payload: untimed(temp) });
const again = (temp: number) => {
  const frame = publish(temp);
  // DUP is bit 3 [MQTT-3.3.1-1].
  frame[0]! |= 8;
  return frame;
};
const connack = (sessionPresent: 0 | 1) => Buffer.from([0x20, 2, sessionPresent, 0]);

async function connect(scene: Scene, clean: boolean): Promise<{ socket: Socket; answers: () => Buffer }> {
  const connection = await scene.exchange(connectFrame('sensor', clean));
  await until(() => connection.answers().length >= 4);
  return connection;
}

/** A connection that sends bytes which intake gets, and is cut. */
async function sendAndCut(scene: Scene, clean: boolean, bytes: Buffer): Promise<void> {
  const { received } = scene.intake.ledger.counters();
  const { socket } = await connect(scene, clean);
  socket.write(bytes);
  await until(() => scene.intake.ledger.counters().received > received);
  socket.destroy();
  await until(() => scene.broker.connections === 0);
}

/** Lets the commits through, and aedes store what they were of. */
async function settle(scene: Scene): Promise<void> {
  scene.held.release();
  await scene.intake.whenSettled();
  await pause(50);
}

describe('at QoS 2, a client that was cut off while its publish is committed', { concurrency: true }, () => {
  test('begins anew with a clean session: the same packet id is another publish', async (t) => {
    for (const settlesFirst of [false, true]) {
      const scene = await Scene.open(t);
      scene.held.hold();
      await sendAndCut(scene, true, publish(20));
      const { socket, answers } = await connect(scene, true);
      if (settlesFirst) await settle(scene);
      socket.write(publish(21));
      await until(() => scene.intake.ledger.counters().received === 2);
      scene.held.release();
      await until(() => answers().includes(PUBREC_1));
      assert.deepEqual(answers().subarray(0, 4), connack(0));
      assert.equal(scene.counts.committed, 2);
    }
  });

  test('may send it again on a clean session, if it says so', async (t) => {
    const scene = await Scene.open(t);
    scene.held.hold();
    await sendAndCut(scene, true, publish(20));
    const { socket, answers } = await connect(scene, true);
    socket.write(again(20));
    await pause(50);
    scene.held.release();
    await until(() => answers().includes(PUBREC_1));
    assert.equal(scene.counts.committed, 1);
  });

  test('sends it again on a session that is kept, whether it says so or not', async (t) => {
    for (const bytes of [publish(20), again(20)])
      for (const settlesFirst of [false, true]) {
        const scene = await Scene.open(t);
        scene.held.hold();
        await sendAndCut(scene, false, publish(20));
        if (settlesFirst) await settle(scene);
        const { socket, answers } = await connect(scene, false);
        assert.deepEqual(answers(), connack(1));
        socket.write(bytes);
        await pause(50);
        scene.held.release();
        await until(() => answers().includes(PUBREC_1));
        assert.equal(scene.counts.committed, 1);
      }
  });

  test('has lost its state if other content comes with the packet id: that is another publish', async (t) => {
    for (const settlesFirst of [false, true]) {
      const scene = await Scene.open(t);
      scene.held.hold();
      await sendAndCut(scene, false, publish(20));
      if (settlesFirst) await settle(scene);
      const { socket, answers } = await connect(scene, false);
      socket.write(publish(21));
      await until(() => scene.intake.ledger.counters().received === 2);
      scene.held.release();
      await until(() => answers().includes(PUBREC_1));
      assert.equal(scene.counts.committed, 2);
    }
  });

  test('begins anew after a clean session between two that are kept', async (t) => {
    for (const settlesFirst of [false, true]) {
      const scene = await Scene.open(t);
      scene.held.hold();
      await sendAndCut(scene, false, publish(20));
      const between = await connect(scene, true);
      between.socket.destroy();
      await until(() => scene.broker.connections === 0);
      if (settlesFirst) await settle(scene);
      const { socket, answers } = await connect(scene, false);
      assert.deepEqual(answers(), connack(0));
      socket.write(publish(20));
      await until(() => scene.intake.ledger.counters().received === 2);
      scene.held.release();
      await until(() => answers().includes(PUBREC_1));
      assert.equal(scene.counts.committed, 2);
    }
  });

  test('and subscribers get once what comes twice', async (t) => {
    const scene = await Scene.open(t);
    const subscriber = await scene.client();
    const received: string[] = [];
    subscriber.on('message', (_topic, payload) => received.push(payload.toString()));
    await subscriber.subscribeAsync('labs/#', { qos: 2 });
    scene.held.hold();
    const { socket } = await connect(scene, false);
    socket.write(publish(20));
    await until(() => scene.intake.ledger.counters().received === 1);
    socket.write(again(20));
    await pause(50);
    scene.held.release();
    await until(() => received.length > 0);
    await pause(100);
    assert.deepEqual(received, [untimed(20)]);
    assert.equal(scene.counts.committed, 1);
  });

  test('leaves nothing of a kept session to a clean one that comes in its place', async (t) => {
    const scene = await Scene.open(t);
    scene.held.hold();
    await sendAndCut(scene, false, publish(20));
    const clean = await connect(scene, true);
    await settle(scene);
    clean.socket.write(publish(21));
    await until(() => clean.answers().includes(PUBREC_1));
    assert.equal(scene.counts.committed, 2);
  });

  test('takes no place of a session from those that have one', async (t) => {
    for (const settles of [false, true]) {
      const scene = await Scene.open(t, { sessionsMax: 1 });
      const keeper = await scene.client({ clientId: 'keeper', clean: false });
      await keeper.subscribeAsync('q', { qos: 1 });
      await keeper.endAsync();
      if (settles) {
        const { socket, answers } = await connect(scene, true);
        socket.write(publish(20));
        await until(() => answers().includes(PUBREC_1));
        socket.destroy();
      } else {
        scene.held.hold();
        await sendAndCut(scene, true, publish(20));
        scene.held.release();
        await scene.intake.whenSettled();
      }
      await pause(50);
      const back = await scene.exchange(connectFrame('keeper', false));
      await until(() => back.answers().length >= 4);
      assert.deepEqual(back.answers(), connack(1));
      assert.equal(scene.broker.counters.sessionsForgotten, 0);
    }
  });
});

test('a CONNACK says whether a session is there, as soon as there is something in it', async (t) => {
  const scene = await Scene.open(t);
  const flags: number[] = [];
  const visit = async (clean: boolean, bytes?: Buffer) => {
    const { socket, answers } = await connect(scene, clean);
    flags.push(answers()[2]!);
    if (bytes !== undefined) {
      socket.write(bytes);
      await until(() => answers().includes(PUBREC_1));
    }
    socket.destroy();
    await until(() => scene.broker.connections === 0);
  };
  await visit(false);
  await visit(false, publish(20));
  await visit(false);
  await visit(true, publish(20));
  await visit(false);
  assert.deepEqual(flags, [0, 0, 1, 0, 0]);
  // Whoever is refused has none [MQTT-3.2.2-4].
  const socket = await scene.socket();
  const answers = bytesOf(socket);
  socket.write(connectFrame('', false));
  await until(() => answers().length >= 4);
  assert.deepEqual(answers(), Buffer.from([0x20, 2, 0, 2]));
});
