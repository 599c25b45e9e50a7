import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import {
  mosquittoClient,
  noOpenHandles,
  pause,
  type Service,
  TOPIC,
  timed,
  UNTIMED,
  until,
} from '@humtemp/test-services';
import { Scene } from './worker.fixture.js';

const run = promisify(execFile);

after(noOpenHandles);

describe('a worker', { concurrency: true }, () => {
  for (const protocolVersion of [5, 4] as const)
    test(`a worker counts publishes of every QoS once, speaking MQTT ${protocolVersion === 5 ? '5' : '3.1.1'}`, async (t) => {
      const scene = await Scene.open(t);
      const mosquitto = await scene.mosquitto();
      const worker = await scene.servingWorker(mosquitto.url, { protocolVersion });
      for (const version of [5, 4] as const) {
        const publisher = await scene.client(mosquitto.url, { protocolVersion: version });
        for (const qos of [0, 1, 2] as const) {
          await publisher.publishAsync(TOPIC, UNTIMED, { qos });
          if (version === 5)
            await publisher.publishAsync(TOPIC, UNTIMED, {
              qos,
              properties: {
                userProperties: { unit: '°C', site: ['a', 'b'] },
                contentType: 'application/json',
              },
            });
        }
      }
      await scene.committed(9);
      await until(() => worker.unacknowledged === 0);
      assert.deepEqual(scene.counts, { committed: 9, duplicate: 0, rejected: {} });
      assert.equal(worker.counters.connections, 1);
    });

  test('a worker counts what mosquitto_pub publishes', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    await scene.servingWorker(mosquitto.url);
    const client = await mosquittoClient('mosquitto_pub');
    const address = ['-h', mosquitto.host, '-p', String(mosquitto.port), '-t', TOPIC, '-m', UNTIMED];
    for (const version of ['mqttv311', 'mqttv5'])
      for (const qos of ['0', '1', '2']) await run(client, [...address, '-V', version, '-q', qos]);
    await scene.committed(6);
    assert.deepEqual(scene.counts, { committed: 6, duplicate: 0, rejected: {} });
  });

  test('a worker settles bad payloads and bad labs, and goes on', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const worker = await scene.servingWorker(mosquitto.url);
    const publisher = await scene.client(mosquitto.url);
    for (const qos of [0, 1] as const) {
      await publisher.publishAsync(TOPIC, '', { qos });
      await publisher.publishAsync(TOPIC, '{"temp":', { qos });
      await publisher.publishAsync(TOPIC, Buffer.from([0xff, 0xfe]), { qos });
      await publisher.publishAsync(TOPIC, 'x'.repeat(scene.limits.payloadBytesMax + 1), { qos });
      await publisher.publishAsync('labs//observation', UNTIMED, { qos });
      await publisher.publishAsync('labs/a b {c}/observation', UNTIMED, { qos });
      await publisher.publishAsync(TOPIC, UNTIMED, { qos });
    }
    await scene.committed(2);
    await until(() => worker.unacknowledged === 0);
    const rejected = { not_json: 4, not_utf8: 2, payload_too_large: 2, lab_id: 4 };
    assert.deepEqual(scene.counts, { committed: 2, duplicate: 0, rejected });
    assert.equal(worker.counters.connections, 1);
  });

  for (const protocolVersion of [5, 4] as const)
    test(`a worker is not held up by a publish of 1 MiB, speaking MQTT ${protocolVersion}`, async (t) => {
      const scene = await Scene.open(t);
      const mosquitto = await scene.mosquitto();
      const worker = await scene.servingWorker(mosquitto.url, { protocolVersion });
      const publisher = await scene.client(mosquitto.url);
      await publisher.publishAsync(TOPIC, 'x'.repeat(1 << 20), { qos: 1 });
      await publisher.publishAsync(TOPIC, UNTIMED, { qos: 1 });
      await scene.committed(1);
      await until(() => worker.unacknowledged === 0);
      assert.deepEqual(scene.counts, { committed: 1, duplicate: 0, rejected: { payload_too_large: 1 } });
      assert.equal(worker.counters.connections, 1);
    });

  test('a worker acknowledges what an earlier subscription of its session still brings, uncounted', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto({ config: 'log_type all\nlog_dest stderr' });
    const earlier = await scene.client(mosquitto.url, {
      clientId: 'w1',
      clean: false,
      properties: { sessionExpiryInterval: 60 },
    });
    await earlier.subscribeAsync('labs/a/status', { qos: 1 });
    await earlier.endAsync();
    const worker = await scene.servingWorker(mosquitto.url);
    const publisher = await scene.client(mosquitto.url);
    for (const qos of [0, 1] as const) await publisher.publishAsync('labs/a/status', UNTIMED, { qos });
    await publisher.publishAsync(TOPIC, UNTIMED, { qos: 1 });
    await scene.committed(1);
    await until(() => acknowledgedAt(mosquitto) === 2);
    assert.deepEqual(scene.counts, { committed: 1, duplicate: 0, rejected: {} });
    assert.equal(worker.counters.connections, 1);
  });

  test('a worker counts once what comes after its group was changed', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const before = await scene.servingWorker(mosquitto.url, { group: 'g' });
    await before.close();
    await scene.servingWorker(mosquitto.url, { group: '' });
    const publisher = await scene.client(mosquitto.url);
    await publisher.publishAsync(TOPIC, UNTIMED, { qos: 1 });
    await pause(200);
    assert.deepEqual(scene.counts, { committed: 1, duplicate: 0, rejected: {} });
  });
});

// Of a shared subscription MQTT 5 wants no retained publishes sent [4.8.2]; Mosquitto 2.0 sends them all the
// same.
describe('retained publishes', { concurrency: true }, () => {
  const cases = [
    { protocolVersion: 5, group: '', deliveries: 1, spoken: 'MQTT 5: at the first connection of a session' },
    { protocolVersion: 5, group: 'g', deliveries: 1, spoken: 'MQTT 5, shared: at the first connection' },
    { protocolVersion: 4, group: '', deliveries: 4, spoken: 'MQTT 3.1.1: at each connection' },
  ] as const;
  for (const { protocolVersion, group, deliveries, spoken } of cases) {
    test(`retained publishes count once with a timestamp, never without one, over four connections, in ${spoken}`, async (t) => {
      const scene = await Scene.open(t);
      const mosquitto = await scene.mosquitto({ config: 'log_type all' });
      const link = await scene.link(mosquitto);
      const publisher = await scene.client(mosquitto.url);
      await publisher.publishAsync(TOPIC, timed(0), { qos: 1, retain: true });
      await publisher.publishAsync('labs/other/observation', UNTIMED, { qos: 1, retain: true });
      const worker = await scene.servingWorker(link.url, { group, protocolVersion });
      for (const connections of [1, 2, 3, 4]) {
        await until(() => worker.counters.connections === connections && worker.notReadyReason === undefined);
        const delivered = Math.min(connections, deliveries);
        await until(() => scene.counts.rejected.retained === delivered);
        await until(() => acknowledgedAt(mosquitto) === 2 * delivered);
        if (connections < 4) link.cut();
      }
      // One more publish, behind which nothing else can come.
      await publisher.publishAsync(TOPIC, timed(1), { qos: 1 });
      await scene.committed(2);
      assert.deepEqual(scene.counts, {
        committed: 2,
        duplicate: deliveries - 1,
        rejected: { retained: deliveries },
      });
    });
  }

  test('retained publishes that are published while the worker is there are ordinary ones', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    await scene.servingWorker(mosquitto.url);
    const publisher = await scene.client(mosquitto.url);
    await publisher.publishAsync(TOPIC, UNTIMED, { qos: 1, retain: true });
    await scene.committed(1);
    assert.deepEqual(scene.counts, { committed: 1, duplicate: 0, rejected: {} });
  });
});

/** PUBACKs that have reached the broker. */
function acknowledgedAt(mosquitto: Service): number {
  return mosquitto.log().split('Received PUBACK from w1').length - 1;
}
