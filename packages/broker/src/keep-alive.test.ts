import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { noOpenHandles, pause, times, until } from '@humtemp/test-services';
import { connectFrame, PINGREQ, PINGRESP, publishFrame, Scene } from './broker.fixture.js';

after(noOpenHandles);

function connectWith(keepAliveS: number, clientId: string): Buffer {
  const connect = connectFrame(clientId);
  connect.set([0, keepAliveS], 10);
  return connect;
}

/** So long that a slow machine does not keep the client from its ping. */
const KEEP_ALIVE_S = 3;

describe('a client with a keep-alive', { concurrency: false }, () => {
  test('is not disconnected because the broker stood still', async (t) => {
    const scene = await Scene.open(t);
    const { socket, answers } = await scene.exchange(connectWith(KEEP_ALIVE_S, 'patient'));
    await until(() => answers().length === 4);
    // Nobody in this process can do anything meanwhile, the client neither.
    const endMs = performance.now() + 2 * KEEP_ALIVE_S * 1000;
    while (performance.now() < endMs);
    socket.write(PINGREQ);
    await until(() => answers().includes(PINGRESP));
    await pause(300);
    assert.deepEqual([socket.closed, scene.log.messages], [false, []]);
  });

  test('has its pings answered while the broker does not read them, and stays', async (t) => {
    const scene = await Scene.open(t, { pendingMax: 100 });
    scene.held.hold();
    const { socket, answers } = await scene.exchange(connectWith(1, 'held-back'));
    const ids = times(200, (i) => i + 1);
    for (const id of ids) {
      socket.write(publishFrame({ qos: 1, id }));
      if (id % 50 === 0) await pause(5);
    }
    socket.write(PINGREQ);
    await until(() => answers().includes(PINGRESP));
    await pause(2000);
    assert.equal(socket.closed, false);
    scene.held.release();
    await until(() => scene.counts.committed === 200);
  });
});
