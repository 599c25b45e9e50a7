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
    test(`counts publishes of every QoS once, speaking MQTT ${protocolVersion === 5 ? '5' : '3.1.1'}`, async (t) => {
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

  test('counts what mosquitto_pub publishes', async (t) => {
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

  test('settles bad payloads and bad labs, and goes on', async (t) => {
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
    test(`is not held up by a publish of 1 MiB, speaking MQTT ${protocolVersion}`, async (t) => {
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

  test('acknowledges what an earlier subscription of its session still brings, uncounted', async (t) => {
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

  test('counts once what comes after its group was changed', async (t) => {
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

// Of a shared subscription MQTT 5 wants no retained publishes sent [4.8.2]; Mosquitto 2.0 sends them all the same.
describe('retained publishes', { concurrency: true }, () => {
  for (const protocolVersion of [5, 4] as const) {
    const spoken = protocolVersion === 5 ? 'MQTT 5' : 'MQTT 3.1.1';

    test(`without a timestamp are rejected at each connection and never counted, in ${spoken}`, async (t) => {
      const scene = await Scene.open(t);
      const mosquitto = await scene.mosquitto({ config: 'log_type all' });
      const link = await scene.link(mosquitto);
      const publisher = await scene.client(mosquitto.url);
      await publisher.publishAsync(TOPIC, UNTIMED, { qos: 1, retain: true });
      const worker = await scene.servingWorker(link.url, { group: '', protocolVersion });
      for (const connections of [1, 2, 3, 4]) {
        await until(() => scene.counts.rejected.retained === connections);
        await until(() => acknowledgedAt(mosquitto) === connections);
        assert.equal(worker.counters.connections, connections);
        if (connections < 4) link.cut();
      }
      assert.deepEqual(scene.counts, { committed: 0, duplicate: 0, rejected: { retained: 4 } });
    });

    test(`with a timestamp count once over three reconnects, in ${spoken}`, async (t) => {
      const scene = await Scene.open(t);
      const mosquitto = await scene.mosquitto({ config: 'log_type all' });
      const link = await scene.link(mosquitto);
      const publisher = await scene.client(mosquitto.url);
      await publisher.publishAsync(TOPIC, timed(0), { qos: 1, retain: true });
      const worker = await scene.servingWorker(link.url, { group: '', protocolVersion });
      for (const duplicate of [0, 1, 2, 3]) {
        await until(() => scene.counts.committed === 1 && scene.counts.duplicate === duplicate);
        await until(() => acknowledgedAt(mosquitto) === duplicate + 1);
        if (duplicate < 3) link.cut();
      }
      assert.deepEqual(scene.counts, { committed: 1, duplicate: 3, rejected: {} });
      assert.equal(worker.counters.connections, 4);
    });
  }

  test('that are published while the worker is there are ordinary ones', async (t) => {
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
