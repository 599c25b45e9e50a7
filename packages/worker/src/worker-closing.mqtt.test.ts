import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, describe, type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { bucketGrid } from '@humtemp/bucket-core';
import { RedisStore } from '@humtemp/bucket-core/redis';
import {
  noOpenHandles,
  pause,
  type Service,
  startRedis,
  TOPIC,
  UNTIMED,
  until,
} from '@humtemp/test-services';
import { pino } from 'pino';
import { listening, Scene } from './worker.fixture.js';
import type { Worker } from './worker.js';

after(noOpenHandles);

describe('closing a worker ends soon', { concurrency: true }, () => {
  test('closing a worker ends soon while the broker is frozen', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const worker = await scene.servingWorker(mosquitto.url);
    await mosquitto.freeze();
    await closesSoon(worker);
  });

  test('closing a worker ends soon while the broker does not answer its CONNECT', async (t) => {
    const scene = await Scene.open(t);
    const connections = new Set<{ destroy(): void }>();
    const server = createServer((socket) => connections.add(socket));
    const { worker } = scene.worker(`mqtt://127.0.0.1:${await listening(server)}`);
    await until(() => connections.size === 1);
    assert.match(worker.notReadyReason ?? '', /not connected yet$/);
    await closesSoon(worker);
    server.close();
    for (const socket of connections) socket.destroy();
  });

  test('closing a worker ends soon while it waits to try again', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    await mosquitto.terminate();
    const { worker } = scene.worker(mosquitto.url);
    await until(() => worker.notReadyReason?.includes('ECONNREFUSED') === true);
    await closesSoon(worker);
    assert.match(worker.notReadyReason ?? '', /stopped$/);
  });

  // Something is still unanswered then: the subscription to the counter of dropped publishes.
  test('closing a worker ends soon in the moment it has subscribed, with a DISCONNECT', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto({ config: 'log_type all\nlog_dest stderr' });
    const closed = new Promise<void>((resolve, reject) => {
      const write = (line: string) => {
        if (!line.includes('"msg":"subscribed"')) return;
        worker.stopReading();
        closesSoon(worker).then(resolve, reject);
      };
      const { worker } = scene.worker(mosquitto.url, { log: pino({ level: 'info' }, { write }) });
    });
    await closed;
    await until(() => /Received DISCONNECT from w1\n/.test(mosquitto.log()));
  });

  test('closing a worker ends soon while the store does not answer, before it has subscribed', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const { redis, store } = await redisStore(t);
    await redis.freeze();
    const { worker } = scene.worker(mosquitto.url, { store });
    await pause(100);
    await closesSoon(worker);
  });

  test('closing a worker ends soon while the store does not answer, after the connection was lost', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const link = await scene.link(mosquitto);
    const { redis, store } = await redisStore(t);
    const worker = await scene.servingWorker(link.url, { store });
    await redis.freeze();
    link.cut();
    await pause(100);
    await closesSoon(worker);
  });

  test('closing a worker ends soon while what an adopted session has brought was given up', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const worker = await leftBehind(scene, mosquitto);
    scene.held.hold();
    await until(() => scene.intake.ledger.inFlight === 1);
    worker.stopReading();
    await scene.intake.stop(0);
    await closesSoon(worker);
  });

  test('closing a worker ends soon while it connects to adopt a session', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const worker = await leftBehind(scene, mosquitto);
    await mosquitto.freeze();
    const session = `127.0.0.1:${mosquitto.port} g gone`;
    while ((await scene.held.store.sessionOwner(session)) !== 'this run') await pause(10);
    await closesSoon(worker);
  });
});

async function closesSoon(worker: Worker): Promise<void> {
  const outcome = await Promise.race([worker.close(), setTimeout(10_000, 'not closed', { ref: false })]);
  assert.equal(outcome, undefined);
}

/** A connected store that waits long for answers. */
async function redisStore(t: TestContext): Promise<{ redis: Service; store: RedisStore }> {
  const redis = await startRedis();
  const store = new RedisStore({
    url: redis.url,
    prefix: '',
    replyTimeoutMs: 60_000,
    grid: bucketGrid(0, { durationS: 86_400, retention: 2 }, []),
    deduplicationHorizonS: 0,
    labsMax: 1,
    rejectionsMax: 1,
  });
  t.after(async () => {
    await store.close();
    await redis.close();
  });
  let connected = false;
  while (!connected) {
    connected = await store.ping().then(
      () => true,
      () => pause(10).then(() => false),
    );
  }
  return { redis, store };
}

/**
 * A worker beside the session of one that is gone, in which a publish waits. It adopts that within two
 * seconds.
 */
async function leftBehind(scene: Scene, mosquitto: Service): Promise<Worker> {
  const options = { adoptAfterS: 1, group: 'g' };
  const gone = await scene.servingWorker(mosquitto.url, { ...options, clientId: 'gone', process: 'gone' });
  await gone.close();
  const publisher = await scene.client(mosquitto.url);
  await publisher.publishAsync(TOPIC, UNTIMED, { qos: 1 });
  return scene.servingWorker(mosquitto.url, options);
}
