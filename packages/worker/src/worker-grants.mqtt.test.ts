import assert from 'node:assert/strict';
import { after, describe, type TestContext, test } from 'node:test';
import { LabsSource, SourceTable, TopicFilters } from '@humtemp/intake';
import { noOpenHandles, pause, UNTIMED, until } from '@humtemp/test-services';
import { type Script, ScriptedBroker } from './scripted-broker.fixture.js';
import { Scene, sourcesOf } from './worker.fixture.js';

after(noOpenHandles);

async function scripted(t: TestContext, script: Script) {
  const scene = await Scene.open(t);
  const broker = await new ScriptedBroker(script).open();
  t.after(() => broker.close());
  return { scene, broker };
}

const all = (code: number) => (filters: readonly string[]) => filters.map(() => code);

describe('what a broker grants', { concurrency: true }, () => {
  for (const protocolVersion of [4, 5] as const) {
    const spoken = protocolVersion === 5 ? 'MQTT 5' : 'MQTT 3.1.1';

    test(`QoS 0 instead of 1 is said, asked for again, and no reason not to count, in ${spoken}`, async (t) => {
      const { scene, broker } = await scripted(t, { suback: all(0) });
      const { worker, log } = scene.worker(broker.url, { group: '', protocolVersion });
      await until(() => worker.notReadyReason?.includes('grants QoS 0 instead of 1') === true);
      broker.publish('labs/a/observation', UNTIMED, 1, protocolVersion);
      await scene.committed(1);
      assert.match(
        worker.notReadyReason ?? '',
        /for labs\/\+\/observation: what it delivers while we are away/,
      );
      broker.script = { suback: all(1) };
      await until(() => worker.notReadyReason === undefined);
      assert.equal(worker.counters.connections, 1);
      assert.ok(log.some((line) => line.includes('grants QoS 1 now')));
      assert.equal(log.filter((line) => line.includes('subscribed with less than we need')).length, 1);
    });

    test(`a refusal is said, and tried again, in ${spoken}`, async (t) => {
      const refused = protocolVersion === 5 ? 0x87 : 0x80;
      const { scene, broker } = await scripted(t, { suback: all(refused) });
      const { worker } = scene.worker(broker.url, { group: '', protocolVersion });
      await until(() => worker.notReadyReason?.includes('refused the subscription') === true);
      broker.script = { suback: all(1) };
      await until(() => worker.notReadyReason === undefined);
    });

    test(`a SUBACK that never comes is noticed, and asked for again, in ${spoken}`, async (t) => {
      const { scene, broker } = await scripted(t, { suback: () => undefined });
      const { worker } = scene.worker(broker.url, { group: '', protocolVersion, answerTimeoutMs: 100 });
      await until(
        () => worker.notReadyReason?.includes('did not answer our subscription within 0.1 s') === true,
      );
      await until(() => broker.subscribed.length > 1);
      broker.script = { suback: all(1) };
      await until(() => worker.notReadyReason === undefined);
    });

    test(`fewer answers than subscriptions are no answer, in ${spoken}`, async (t) => {
      const { scene, broker } = await scripted(t, { suback: () => [1] });
      const sources = sourcesOf('labs/+/observation', 'sites/+/observation');
      const { worker } = scene.worker(broker.url, { group: '', protocolVersion, sources });
      await until(() => /1 reason code\(s\) for 2 subscription/.test(worker.notReadyReason ?? ''));
      broker.script = { suback: all(1) };
      await until(() => worker.notReadyReason === undefined);
    });
  }

  test('of several filters one may be granted less, and only that one is asked for again', async (t) => {
    const { scene, broker } = await scripted(t, {
      suback: (filters) => filters.map((filter) => (filter.startsWith('labs') ? 1 : 0)),
    });
    const sources = sourcesOf('labs/+/observation', 'sites/+/observation');
    const { worker } = scene.worker(broker.url, { group: '', sources });
    await until(() => broker.subscribed.length === 2);
    assert.deepEqual(broker.subscribed[1], ['sites/+/observation']);
    broker.script = { suback: all(1) };
    await until(() => worker.notReadyReason === undefined);
  });

  test('a session that is kept for less time than asked for is said once', async (t) => {
    const { scene, broker } = await scripted(t, {
      suback: all(1),
      connack: { sessionExpiryInterval: 10 },
    });
    const { worker, log } = scene.worker(broker.url, { group: '' });
    await until(() => worker.notReadyReason === undefined);
    const said = () => log.filter((line) => line.includes('HUMTEMP_MQTT_SESSION_EXPIRY'));
    assert.match(said()[0] ?? '', /"grantedS":10,"askedS":60/);
    assert.equal(said().length, 1);
  });

  test('over MQTT 3.1.1 the worker says that nobody is asked how long the session is kept', async (t) => {
    const { scene, broker } = await scripted(t, { suback: all(1) });
    const { worker, log } = scene.worker(broker.url, { group: '', protocolVersion: 4 });
    await until(() => worker.notReadyReason === undefined);
    assert.equal(log.filter((line) => line.includes('HUMTEMP_MQTT_SESSION_EXPIRY has no effect')).length, 1);
  });

  test('a limit of publishes in flight is not blamed on Mosquitto, where it is another broker', async (t) => {
    const { scene, broker } = await scripted(t, { suback: all(1) });
    const { worker, log } = scene.worker(broker.url, { group: '' });
    await until(() => worker.notReadyReason === undefined);
    for (let round = 0; round < 60; round++) {
      broker.publish('labs/a/observation', UNTIMED, 10, 5);
      await until(() => broker.acknowledged === 10 * (round + 1));
    }
    const warning = log.find((line) => line.includes('sends no more than this before we acknowledge')) ?? '';
    assert.match(warning, /mqtt\.prefetch of RabbitMQ, max_ack_pending of NATS/);
    assert.doesNotMatch(warning, /Mosquitto/);
  });

  test('a broker that keeps the session as long as asked for is no reason for a warning', async (t) => {
    const { scene, broker } = await scripted(t, { suback: all(1), connack: { receiveMaximum: 10 } });
    const { worker, log } = scene.worker(broker.url, { group: '' });
    await until(() => worker.notReadyReason === undefined);
    assert.ok(!log.some((line) => line.includes('SESSION_EXPIRY')));
  });
});

describe('the sources of a worker may be exchanged', { concurrency: true }, () => {
  test('its subscriptions follow, and what is gone is unsubscribed', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const sources = sourcesOf('labs/+/observation', 'old/+');
    const { worker, log } = scene.worker(mosquitto.url, { sources });
    await until(() => worker.notReadyReason === undefined);
    const publisher = await scene.client(mosquitto.url);
    sources.replace([new LabsSource(new TopicFilters(['labs/+/observation', 'new/+']))]);
    await until(() => log.some((line) => line.includes('what the sources want now')));
    for (const topic of ['old/a', 'new/a', 'labs/a/observation'])
      await publisher.publishAsync(topic, UNTIMED, { qos: 1 });
    await scene.committed(2);
    await pause(50);
    assert.deepEqual(scene.counts, { committed: 2, duplicate: 0, rejected: {} });
    assert.ok(!log.some((line) => line.includes('topic of no filter')));
    assert.equal(worker.counters.connections, 1);
  });

  test('while there is no connection, the next one subscribes to what they want', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    await mosquitto.terminate();
    const sources = new SourceTable([new LabsSource(new TopicFilters(['old/+']))]);
    const { worker } = scene.worker(mosquitto.url, { sources });
    await until(() => worker.notReadyReason?.includes('ECONNREFUSED') === true);
    sources.replace([new LabsSource(new TopicFilters(['new/+']))]);
    await mosquitto.start();
    await until(() => worker.notReadyReason === undefined);
    const publisher = await scene.client(mosquitto.url);
    await publisher.publishAsync('new/a', UNTIMED, { qos: 1 });
    await scene.committed(1);
  });
});

describe('a worker that stops', { concurrency: true }, () => {
  test('a worker that stops leaves its share of QoS 0 to another one of its group at once', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const options = (name: string) => ({ clientId: name, process: name, adoptAfterS: 3 });
    const { worker: stopping, log } = scene.worker(mosquitto.url, options('w1'));
    await until(() => stopping.notReadyReason === undefined);
    await scene.servingWorker(mosquitto.url, options('w2'));
    const publisher = await scene.client(mosquitto.url);
    // It looks for others every second.
    await pause(2500);
    await stopping.leave();
    stopping.stopReading();
    await stopping.close();
    assert.ok(log.some((line) => line.includes('left the group')));
    for (let i = 0; i < 100; i++) await publisher.publishAsync('labs/a/observation', UNTIMED, { qos: 0 });
    await scene.committed(100);
  });

  test('a worker that stops keeps its share of QoS 1 if it is the last one, also if two stop at the same time', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const options = (name: string) => ({ clientId: name, process: name, adoptAfterS: 3 });
    const workers = [
      await scene.servingWorker(mosquitto.url, options('w1')),
      await scene.servingWorker(mosquitto.url, options('w2')),
    ];
    await pause(2500);
    await Promise.all(
      workers.map(async (worker) => {
        await worker.leave();
        worker.stopReading();
        await worker.close();
      }),
    );
    const publisher = await scene.client(mosquitto.url);
    for (let i = 0; i < 100; i++) await publisher.publishAsync('labs/a/observation', UNTIMED, { qos: 1 });
    await scene.servingWorker(mosquitto.url, options('w1'));
    await scene.servingWorker(mosquitto.url, options('w2'));
    await scene.committed(100);
  });

  test('a worker that stops does not leave a worker that has other topics', async (t) => {
    const scene = await Scene.open(t);
    const broker = await new ScriptedBroker({ suback: all(1) }).open();
    t.after(() => broker.close());
    const stopping = await scene.servingWorker(broker.url, { clientId: 'w1', process: 'p1' });
    const sources = sourcesOf('sites/+');
    await scene.servingWorker(broker.url, { clientId: 'w2', process: 'p2', sources });
    await stopping.leave();
    assert.deepEqual(broker.unsubscribed, []);
  });
});
