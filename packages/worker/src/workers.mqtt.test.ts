import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { noOpenHandles, TOPIC, timed, until } from '@humtemp/test-services';
import { Scene } from './worker.fixture.js';
import { WorkerStopped } from './worker.js';

after(noOpenHandles);

const GENEROUS = { config: 'max_inflight_messages 65535\nmax_queued_messages 100000' };

/** Publishes so many observations, each acknowledged by the broker. */
async function publish(scene: Scene, url: string, count: number): Promise<void> {
  const publisher = await scene.client(url);
  const sent = Array.from({ length: count }, () => {
    serial += 1;
    return publisher.publishAsync(TOPIC, timed(serial), { qos: 1 });
  });
  await Promise.all(sent);
}
let serial = 0;

test('two brokers are consumed by one process, and one that is restarted does not stop the other', async (t) => {
  const scene = await Scene.open(t);
  const [a, b] = await Promise.all([scene.mosquitto(GENEROUS), scene.mosquitto(GENEROUS)]);
  const { workers } = scene.workers([a.url, b.url]);
  await until(() => workers.notReadyReasons.length === 0);
  await Promise.all([publish(scene, a.url, 200), publish(scene, b.url, 200)]);
  await scene.committed(400);

  await b.kill();
  await until(() => workers.notReadyReasons.length > 0);
  assert.equal(workers.notReadyReasons.length, 1);
  assert.match(workers.notReadyReasons[0]!, new RegExp(`^MQTT broker ${b.url}`));
  await publish(scene, a.url, 200);
  await scene.committed(600);

  await b.start();
  await until(() => workers.notReadyReasons.length === 0);
  await Promise.all([publish(scene, a.url, 200), publish(scene, b.url, 200)]);
  await scene.committed(1000);
  assert.deepEqual(scene.counts, { committed: 1000, duplicate: 0, rejected: {} });
  const states = workers.brokers.map(({ broker, isServing, connections }) => [
    broker,
    isServing,
    connections,
  ]);
  assert.deepEqual(states, [
    [new URL(a.url).host, true, 1],
    [new URL(b.url).host, true, 2],
  ]);
});

test('two addresses of one broker are two sessions, which share its stream', async (t) => {
  const scene = await Scene.open(t);
  const mosquitto = await scene.mosquitto(GENEROUS);
  const link = await scene.link(mosquitto);
  const { workers } = scene.workers([mosquitto.url, link.url]);
  await until(() => workers.notReadyReasons.length === 0);
  await publish(scene, mosquitto.url, 100);
  await scene.committed(100);
  assert.deepEqual(scene.counts, { committed: 100, duplicate: 0, rejected: {} });
  assert.deepEqual(
    workers.brokers.map(({ connections }) => connections),
    [1, 1],
  );
});

test('a broker that cannot share is given up, and the process ends with the last of its brokers only', async (t) => {
  const scene = await Scene.open(t);
  const [cannot, can] = [await scene.aedes(), await scene.mosquitto(GENEROUS)];
  const { workers, log } = scene.workers([cannot.url, can.url]);
  await until(() => log.some((line) => line.includes('the others go on')));
  assert.match(workers.notReadyReasons.join(), /delivers nothing.*HUMTEMP_MQTT_GROUP/);
  await publish(scene, can.url, 10);
  await scene.committed(10);
  const { workers: alone } = scene.workers([cannot.url]);
  await assert.rejects(alone.running, WorkerStopped);
});
