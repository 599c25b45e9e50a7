import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { noOpenHandles, pause, type Service, TOPIC, timed, times, until } from '@humtemp/test-services';
import { Scene } from './worker.fixture.js';

const LOGGING = 'log_type all\nlog_dest stderr\nmax_inflight_messages 1000\n';

after(noOpenHandles);

/** Message ids in the broker's own log, in order. */
function messageIds(mosquitto: Service, line: RegExp): number[] {
  return [...mosquitto.log().matchAll(line)].map(([, id]) => Number(id));
}
const sent = (mosquitto: Service) => messageIds(mosquitto, /Sending PUBLISH to w1 \(d\d, q1, r0, m(\d+)/g);
const acknowledged = (mosquitto: Service) => messageIds(mosquitto, /Received PUBACK from w1 \(Mid: (\d+)/g);

describe('while the store holds', { concurrency: true }, () => {
  for (const protocolVersion of [5, 4] as const)
    test(`while the store holds, nothing is acknowledged, and all of it in order after the commit, speaking ${protocolVersion}`, async (t) => {
      const scene = await Scene.open(t);
      const mosquitto = await scene.mosquitto({ config: LOGGING });
      const link = await scene.link(mosquitto);
      const worker = await scene.servingWorker(link.url, { protocolVersion });
      const publisher = await scene.client(mosquitto.url);
      scene.held.hold();
      await Promise.all(times(100, (i) => publisher.publishAsync(TOPIC, timed(i), { qos: 1 })));
      await until(() => worker.unacknowledged === 100);
      await pause(200);
      assert.deepEqual(acknowledged(mosquitto), []);

      link.cut();
      await until(() => worker.counters.connections === 2 && worker.unacknowledged === 100);
      await pause(200);
      assert.deepEqual(acknowledged(mosquitto), []);
      assert.equal(worker.unacknowledged, 100);

      scene.held.release();
      await until(() => worker.unacknowledged === 0 && acknowledged(mosquitto).length === 100);
      assert.deepEqual(acknowledged(mosquitto), sent(mosquitto).slice(-100));
      assert.deepEqual(scene.counts, { committed: 100, duplicate: 100, rejected: {} });
      assert.equal(worker.counters.sessionsLost, 0);
    });

  test('a publish whose connection is gone is not acknowledged on the next one', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto({ config: LOGGING });
    const link = await scene.link(mosquitto);
    const worker = await scene.servingWorker(link.url);
    const publisher = await scene.client(mosquitto.url);
    scene.held.hold();
    // At QoS 0 the broker forgets it with the connection.
    await publisher.publishAsync(TOPIC, timed(0), { qos: 0 });
    await publisher.publishAsync(TOPIC, timed(1), { qos: 1 });
    await until(() => worker.unacknowledged === 1);
    link.cut();
    await until(() => worker.counters.connections === 2 && worker.unacknowledged === 1);
    scene.held.release();
    await until(() => acknowledged(mosquitto).length > 0);
    await pause(100);
    assert.equal(acknowledged(mosquitto).length, 1);
    assert.deepEqual(scene.counts, { committed: 2, duplicate: 1, rejected: {} });
  });

  test('a worker that is closed acknowledges nothing, and its successor is given all of it', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto({ config: LOGGING });
    const first = await scene.servingWorker(mosquitto.url);
    const publisher = await scene.client(mosquitto.url);
    scene.held.hold();
    await Promise.all(times(100, (i) => publisher.publishAsync(TOPIC, timed(i), { qos: 1 })));
    await until(() => first.unacknowledged === 100);
    await first.close();
    const second = await scene.servingWorker(mosquitto.url);
    await until(() => second.unacknowledged === 100);
    assert.deepEqual(acknowledged(mosquitto), []);
    scene.held.release();
    await until(() => second.unacknowledged === 0 && acknowledged(mosquitto).length === 100);
    assert.deepEqual(scene.counts, { committed: 100, duplicate: 100, rejected: {} });
  });

  for (const pendingMax of [100_000, 50])
    test(`while the store holds, keep-alive goes on, with ${pendingMax} allowed in flight`, async (t) => {
      const scene = await Scene.open(t, { pendingMax });
      const mosquitto = await scene.mosquitto({ config: LOGGING });
      const worker = await scene.servingWorker(mosquitto.url, { keepAliveS: 1 });
      const publisher = await scene.client(mosquitto.url);
      scene.held.hold();
      await Promise.all(times(100, (i) => publisher.publishAsync(TOPIC, timed(i), { qos: 1 })));
      await until(() => worker.unacknowledged >= Math.min(pendingMax, 100));
      await pause(4000);
      assert.equal(scene.intake.isFull, pendingMax === 50);
      assert.equal(worker.counters.connections, 1);
      assert.equal(worker.notReadyReason, undefined);
      assert.deepEqual(acknowledged(mosquitto), []);
      assert.ok(mosquitto.log().split('Received PINGREQ from w1').length > 3);
      scene.held.release();
      await until(() => acknowledged(mosquitto).length === 100);
      assert.deepEqual(scene.counts, { committed: 100, duplicate: 0, rejected: {} });
      assert.deepEqual(acknowledged(mosquitto), sent(mosquitto));
      assert.equal(worker.counters.connections, 1);
    });
});
