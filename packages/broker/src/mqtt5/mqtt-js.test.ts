import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { noOpenHandles, TOPIC, timed, times, until } from '@humtemp/test-services';
import {
  connect,
  type IClientOptions,
  type IConnackPacket,
  type IDisconnectPacket,
  type IPublishPacket,
  type MqttClient,
} from 'mqtt';
import { Scene } from '../broker.fixture.js';

after(noOpenHandles);

const five = (options: IClientOptions = {}): IClientOptions => ({ protocolVersion: 5, ...options });

/** Everything that a client receives, with its properties. */
function receivedBy(client: MqttClient): IPublishPacket[] {
  const received: IPublishPacket[] = [];
  client.on('message', (_topic, _payload, packet) => received.push(packet));
  return received;
}

const textOf = ({ payload }: IPublishPacket) => payload.toString();

describe('mqtt.js, which speaks MQTT 5,', { concurrency: true }, () => {
  test('asks and is answered, by response topic and correlation data', async (t) => {
    const scene = await Scene.open(t);
    const [asking, answering] = [await scene.client(five()), await scene.client(five())];
    const answers = receivedBy(asking);
    await asking.subscribeAsync('answers/+', { qos: 1 });
    await answering.subscribeAsync('questions', { qos: 1 });
    answering.on('message', (_topic, payload, { properties = {} }) => {
      const { responseTopic, correlationData } = properties;
      answering.publish(responseTopic!, `${payload}!`, {
        qos: 1,
        properties: { correlationData: correlationData! },
      });
    });
    const properties = { responseTopic: 'answers/1', correlationData: Buffer.from([7, 0, 255]) };
    await asking.publishAsync('questions', 'warm', { qos: 1, properties });
    await until(() => answers.length === 1);
    assert.deepEqual(
      [textOf(answers[0]!), answers[0]!.properties?.correlationData],
      ['warm!', properties.correlationData],
    );
  });

  test('publishes observations and others by topic aliases, each counted and delivered by its topic', async (t) => {
    const scene = await Scene.open(t);
    const sensor = await scene.client(five({ autoAssignTopicAlias: true }));
    const subscriber = await scene.client(five());
    const received = receivedBy(subscriber);
    await subscriber.subscribeAsync('#', { qos: 1 });
    for (let i = 0; i < 5; i++) {
      await sensor.publishAsync(TOPIC, timed(i), { qos: 1 });
      await sensor.publishAsync('status', `${i}`, { qos: 1 });
    }
    await until(() => received.length === 10);
    assert.deepEqual(
      received.map(({ topic, properties }) => [topic, properties?.topicAlias]),
      times(10, (i) => [i % 2 === 0 ? TOPIC : 'status', undefined]),
    );
    assert.equal(scene.counts.committed, 5);
  });

  test('gets the identifiers of all its subscriptions that match', async (t) => {
    const scene = await Scene.open(t);
    const client = await scene.client(five());
    const received = receivedBy(client);
    for (const [filter, subscriptionIdentifier] of [
      ['a/+', 5],
      ['a/b', 300],
      ['c', 70_000],
    ] as const)
      await client.subscribeAsync(filter, { qos: 1, properties: { subscriptionIdentifier } });
    for (const topic of ['a/b', 'a/x', 'c']) await client.publishAsync(topic, 'x', { qos: 1 });
    await until(() => received.length === 3);
    const identifiers = received.map(({ properties }) =>
      [properties?.subscriptionIdentifier].flat().toSorted(),
    );
    assert.deepEqual(identifiers, [[300, 5], [5], [70_000]]);
  });

  test('finds its session until that expires', async (t) => {
    const scene = await Scene.open(t);
    const session = (sessionExpiryInterval: number) =>
      five({ clientId: 'x', clean: false, properties: { sessionExpiryInterval } });
    const [first, other] = [await scene.client(session(60)), await scene.client()];
    await first.subscribeAsync('t', { qos: 1 });
    await first.endAsync();
    await other.publishAsync('t', 'waited', { qos: 1 });
    const second = connect(scene.url, { ...session(1), reconnectPeriod: 0 });
    t.after(() => second.endAsync(true));
    const received = receivedBy(second);
    const accepted = new Promise<IConnackPacket>((resolve) => second.once('connect', resolve));
    assert.equal((await accepted).sessionPresent, true);
    await until(() => received.length === 1);
    assert.equal(textOf(received[0]!), 'waited');
    await second.endAsync();
    await until(() => scene.broker.sessions.away === 0);
  });

  test('gets nothing that is longer than it takes, and is told when it sends what is too long', async (t) => {
    const scene = await Scene.open(t, { frameBytesMax: 2000 });
    const client = await scene.client(five({ properties: { maximumPacketSize: 100 } }));
    const received = receivedBy(client);
    await client.subscribeAsync('t', { qos: 1 });
    const other = await scene.client();
    for (const payload of ['x'.repeat(200), 'short']) await other.publishAsync('t', payload, { qos: 1 });
    await until(() => received.length === 1);
    assert.equal(textOf(received[0]!), 'short');
    const sender = await scene.client(five());
    sender.options.properties = { maximumPacketSize: 10_000 };
    const disconnected = new Promise<IDisconnectPacket>((resolve) => sender.once('disconnect', resolve));
    sender.publish('t', 'x'.repeat(3000), { qos: 0 });
    assert.equal((await disconnected).reasonCode, 0x95);
  });

  test('has a will that waits for its delay, and is not published if it comes back', async (t) => {
    const scene = await Scene.open(t);
    const observer = await scene.client(five());
    const received = receivedBy(observer);
    await observer.subscribeAsync('will/+', { qos: 1 });
    const withWill = (clientId: string) =>
      five({
        clientId,
        clean: false,
        properties: { sessionExpiryInterval: 60 },
        will: {
          topic: `will/${clientId}`,
          payload: Buffer.from('gone'),
          qos: 1,
          retain: false,
          properties: { willDelayInterval: 2, contentType: 'word' },
        },
      });
    const cut = async (client: MqttClient) => {
      client.stream.destroy();
      await until(() => !client.connected);
    };
    const [returns, staysAway] = [
      await scene.client(withWill('returns')),
      await scene.client(withWill('stays-away')),
    ];
    await cut(returns);
    await scene.client(withWill('returns'));
    await cut(staysAway);
    await until(() => received.length > 0);
    assert.deepEqual(
      received.map(({ topic, properties }) => [topic, properties?.contentType]),
      [['will/stays-away', 'word']],
    );
  });
});
