import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReliablePublisher, type ReliablePublisherOptions } from './reliable-publisher.js';
import { type PublishFate, ScriptedBroker } from './scripted-broker.suite.js';

interface Scene {
  readonly broker: ScriptedBroker;
  readonly publisher: ReliablePublisher;
}

async function scene(
  fate: (connection: number, publish: number) => PublishFate,
  options: Partial<ReliablePublisherOptions>,
  run: (scene: Scene) => Promise<void>,
  connackCode?: number,
): Promise<void> {
  const broker = new ScriptedBroker(fate, connackCode);
  const publisher = new ReliablePublisher({ url: await broker.start(), qos: 1, ...options });
  try {
    await run({ broker, publisher });
  } finally {
    await publisher.close();
    await broker.close();
  }
}

async function publishAll(publisher: ReliablePublisher, payloads: readonly string[]): Promise<void> {
  for (const payload of payloads) {
    while (!publisher.hasRoom) await publisher.room();
    publisher.publish('labs/a/observation', payload);
  }
}

const payloads = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));
const always = (): PublishFate => 'acknowledge';

test('publishes arrive in order, once, and are acknowledged', () =>
  scene(always, {}, async ({ broker, publisher }) => {
    await publisher.firstConnection();
    await publishAll(publisher, payloads(5000));
    await publisher.drained();
    assert.deepEqual(publisher.counters, {
      sent: 5000,
      acknowledged: 5000,
      resent: 0,
      inFlight: 0,
      reconnections: 0,
    });
    assert.deepEqual(
      broker.received.map(({ payload }) => payload),
      payloads(5000),
    );
  }));

test('what was published before the connection is sent once it is there', () =>
  scene(always, {}, async ({ publisher }) => {
    publisher.publish('labs/a/observation', 'early');
    assert.deepEqual([publisher.counters.sent, publisher.counters.inFlight], [0, 1]);
    await publisher.firstConnection();
    await publisher.drained();
    assert.equal(publisher.counters.acknowledged, 1);
  }));

test('nothing counts as acknowledged without its PUBACK', () =>
  scene(
    () => 'ignore',
    {},
    async ({ publisher }) => {
      await publisher.firstConnection();
      await publishAll(publisher, payloads(10));
      await publisher.drained(AbortSignal.timeout(200));
      assert.deepEqual([publisher.counters.acknowledged, publisher.counters.inFlight], [0, 10]);
    },
  ));

test('the window is bounded', () =>
  scene(
    () => 'ignore',
    { inFlightMax: 4 },
    async ({ broker, publisher }) => {
      await publisher.firstConnection();
      await publishAll(publisher, payloads(4));
      assert.equal(publisher.hasRoom, false);
      assert.throws(() => publisher.publish('labs/a/observation', 'one too many'));
      await publisher.room(AbortSignal.timeout(200));
      assert.equal(broker.received.length, 4);
    },
  ));

test('however often the connection is cut, everything is acknowledged and each connection gets it in order', () =>
  scene(
    (connection, publish) => {
      // Each connection leaves every third one unanswered and is cut after a different number; the ninth is
      // sound.
      if (connection > 8) return 'acknowledge';
      if (publish === connection * 5) return 'cut';
      return publish % 3 === 0 ? 'ignore' : 'acknowledge';
    },
    { inFlightMax: 20 },
    async ({ broker, publisher }) => {
      await publisher.firstConnection();
      await publishAll(publisher, payloads(400));
      await publisher.drained();
      const { sent, acknowledged, resent, inFlight, reconnections } = publisher.counters;
      assert.deepEqual([sent, acknowledged, inFlight], [400, 400, 0]);
      assert.ok(resent > 0);
      assert.ok(reconnections >= 8);
      assert.equal(broker.acknowledged.length, 400);
      for (let connection = 1; connection <= broker.connections; connection++) {
        const order = broker.received
          .filter((p) => p.connection === connection)
          .map((p) => Number(p.payload));
        assert.deepEqual(
          order,
          order.toSorted((a, b) => a - b),
        );
      }
    },
  ));

test('a broker that is not there is named, with the reason', async () => {
  const broker = new ScriptedBroker(always);
  const url = await broker.start();
  await broker.close();
  const publisher = new ReliablePublisher({ url, qos: 1, firstConnectionMsMax: 300 });
  await assert.rejects(publisher.firstConnection(), {
    name: 'StartError',
    message: `cannot reach ${url}: ECONNREFUSED; is humtemp start running?`,
  });
  await publisher.close();
});

test('bad credentials end it at once', () =>
  scene(
    always,
    {},
    async ({ broker, publisher }) => {
      await assert.rejects(publisher.firstConnection(), /refuses us: Not authorized; user and password/);
      await assert.rejects(publisher.drained(), /refuses us/);
      assert.equal(broker.connections, 1);
    },
    5,
  ));

test('a broker that is not ready yet is asked again', async () => {
  await scene(
    always,
    { firstConnectionMsMax: 1000 },
    async ({ broker, publisher }) => {
      await assert.rejects(publisher.firstConnection(), /cannot reach .*: Server unavailable/);
      assert.ok(broker.connections > 2);
    },
    3,
  );
});

test('a broker that cuts every publish is given up, but not soon', () =>
  scene(
    () => 'cut',
    { fruitlessConnectionsMax: 5 },
    async ({ broker, publisher }) => {
      await publisher.firstConnection();
      publisher.publish('labs/a/observation', 'unwanted');
      await assert.rejects(
        publisher.drained(),
        /closes every connection after a publish to labs\/a\/observation/,
      );
      assert.equal(broker.connections, 5);
    },
  ));

test('with QoS 0 nothing is acknowledged, and all of it arrives before the connection ends', () =>
  scene(
    () => 'ignore',
    { qos: 0 },
    async ({ broker, publisher }) => {
      await publisher.firstConnection();
      await publishAll(publisher, payloads(3000));
      await publisher.drained();
      assert.deepEqual([publisher.counters.sent, publisher.counters.acknowledged], [3000, 0]);
      await publisher.close();
      assert.equal(broker.received.length, 3000);
    },
  ));
