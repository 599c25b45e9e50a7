import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { noOpenHandles, TOPIC, UNTIMED, until } from '@humtemp/test-services';
import { listening, Scene } from './worker.fixture.js';
import { WorkerStopped } from './worker.js';

after(noOpenHandles);

describe('a broker', { concurrency: true }, () => {
  test('a broker that speaks no MQTT 5 is served in 3.1.1', async (t) => {
    const scene = await Scene.open(t);
    const { url, aedes } = await scene.aedes();
    const { worker, log } = scene.worker(url, { group: '' });
    await until(() => worker.notReadyReason === undefined);
    assert.ok(log.some((line) => line.includes('"protocolVersion":4')));
    const publisher = await scene.client(url, { protocolVersion: 4 });
    for (const qos of [0, 1, 2] as const) await publisher.publishAsync(TOPIC, UNTIMED, { qos });
    await scene.committed(3);
    await until(() => worker.unacknowledged === 0);
    assert.equal(aedes.connectedClients, 2);
    assert.equal(worker.counters.connections, 1);
  });

  test('a broker that was not there yet, behind a proxy that was, is still served in MQTT 5', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    let isThere = false;
    let attempts = 0;
    const proxy = createServer((near) => {
      attempts += 1;
      near.on('error', () => {});
      if (!isThere) {
        near.once('data', () => near.destroy());
        return;
      }
      const far = connect(mosquitto.port, '127.0.0.1');
      far.on('error', () => {});
      near.on('close', () => far.destroy());
      // What is no longer piped into anything is no longer read, and would never see its end.
      far.on('close', () => near.destroy());
      near.pipe(far).pipe(near);
    });
    const port = await listening(proxy);
    const { worker, log } = scene.worker(`mqtt://127.0.0.1:${port}`);
    // An even number: each attempt in MQTT 5 is followed by one in 3.1.1 at once.
    await until(() => attempts === 4);
    assert.match(worker.notReadyReason ?? '', /the connection was closed/);
    isThere = true;
    await until(() => worker.notReadyReason === undefined);
    assert.ok(log.some((line) => line.includes('"protocolVersion":5')));
    await worker.close();
    proxy.close();
  });

  test('a broker that grants shared subscriptions and delivers nothing is refused, with the way out', async (t) => {
    const scene = await Scene.open(t);
    const { url } = await scene.aedes();
    const { worker } = scene.worker(url);
    await assert.rejects(worker.running, (error) => {
      assert.ok(error instanceof WorkerStopped);
      assert.match(error.message, /delivers nothing.*HUMTEMP_MQTT_GROUP to nothing.*single worker/);
      return true;
    });
    assert.match(worker.notReadyReason ?? '', /delivers nothing/);
  });

  test('a broker that refuses shared subscriptions is retried, with the way out', async (t) => {
    const scene = await Scene.open(t);
    let tries = 0;
    const { url } = await scene.aedes({
      authorizeSubscribe: (_client, subscription, callback) => {
        const isShared = subscription.topic.startsWith('$share/');
        if (isShared) tries += 1;
        callback(null, isShared ? null : subscription);
      },
    });
    const { worker } = scene.worker(url);
    const reason =
      /refused the subscription to \$share\/g\/labs\/\+\/observation.*HUMTEMP_MQTT_GROUP set to nothing/;
    await until(() => tries >= 3 && reason.test(worker.notReadyReason ?? ''));
    assert.equal(worker.counters.connections, 0);
  });

  test('a broker that is down is waited for, and the reason says so', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    await mosquitto.terminate();
    const { worker } = scene.worker(mosquitto.url);
    await until(() => worker.notReadyReason?.includes('ECONNREFUSED') === true);
    await mosquitto.start();
    await until(() => worker.notReadyReason === undefined);
  });
});
