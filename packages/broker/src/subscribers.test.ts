import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { TopicFilters } from '@humtemp/intake';
import {
  noOpenHandles,
  pause,
  TOPIC,
  temporaryFolder,
  timed,
  times,
  UNTIMED,
  until,
} from '@humtemp/test-services';
import { connect, type MqttClient } from 'mqtt';
import { openAccess } from './access/access-control.js';
import { connectFrame, FAST_LANE, publishFrame, Scene, subscribeFrame } from './broker.fixture.js';

after(noOpenHandles);

interface Received {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
}

/** What a client receives, in order. */
function receivedBy(client: MqttClient): Received[] {
  const received: Received[] = [];
  client.on('message', (topic, payload, { qos, retain, dup }) =>
    received.push({ topic, payload: payload.toString(), qos, retain, dup }),
  );
  return received;
}

/** Connects, and subscribes to all observations. Whether it reads is the caller's business. */
async function rawSubscriber(scene: Scene, options: { clean: boolean; qos: 0 | 1 }): Promise<Socket> {
  const { socket, answers } = await scene.exchange(connectFrame('raw', options.clean));
  socket.write(subscribeFrame(['labs/#'], options.qos));
  await until(() => answers().includes(Buffer.from([0x90, 3, 0, 1, options.qos])));
  return socket;
}

/** Publishes at QoS 1 over a connection of its own, at most 1000 without acknowledgement. */
async function publishMany(scene: Scene, count: number, payload: string, clientId = 'many'): Promise<void> {
  const socket = await scene.socket();
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  socket.write(connectFrame(clientId));
  const frames = times(1000, (i) => publishFrame({ qos: 1, id: i + 1, payload }));
  for (let sent = 0; sent < count; sent += 1000) {
    socket.write(Buffer.concat(frames));
    while (bytes < 4 + (sent + 1000) * 4) await new Promise(setImmediate);
  }
  socket.destroy();
}

/** QoS 0, 1 and 2, retained or not. */
const KINDS = times(6, (i) => ({ qos: (i % 3) as 0 | 1 | 2, retain: i >= 3 }));
/** Each kind follows each. */
const MIXED = KINDS.flatMap((one) => KINDS.flatMap((other) => [one, other]));

/** Publishes of all kinds on each topic, in one piece. */
async function publishMixed(client: MqttClient, topics: readonly string[]): Promise<void> {
  client.stream.cork();
  const published = MIXED.flatMap((kind, i) =>
    topics.map((topic) => client.publishAsync(topic, timed(i), kind)),
  );
  client.stream.uncork();
  await Promise.all(published);
}

/** Each came once, in the order of publishing for its QoS [MQTT-4.6.0-6]. */
function assertMixed(received: readonly Received[], topic: string, qosMin = 0): void {
  const payloads = received.filter((publish) => publish.topic === topic).map(({ payload }) => payload);
  const qosOf = new Map(MIXED.map(({ qos }, i) => [timed(i), qos]));
  for (const qos of [0, 1, 2])
    assert.deepEqual(
      payloads.filter((payload) => qosOf.get(payload) === qos),
      [...qosOf.keys()].filter((payload) => qos >= qosMin && qosOf.get(payload) === qos),
      `${topic} at QoS ${qos}`,
    );
}

describe('subscribers of observations', { concurrency: true }, () => {
  test('receive each as it was published, in the order of its publisher, not retained', async (t) => {
    const scene = await Scene.open(t);
    const subscribers = await Promise.all(
      ([0, 1, 2] as const).map(async (qos) => {
        const client = await scene.client();
        const received = receivedBy(client);
        await client.subscribeAsync(qos === 1 ? 'labs/+/observation' : 'labs/#', { qos });
        return received;
      }),
    );
    const publishers = await Promise.all([scene.client(), scene.client()]);
    const expected = publishers.map((client, p) => {
      const topic = `labs/publisher-${p}/observation`;
      return times(200, (i) => {
        const qos = (p === 0 ? 0 : 1) as 0 | 1;
        const payload = i % 10 === 0 ? `no json ${i}` : timed(p * 1000 + i);
        client.publish(topic, payload, { qos });
        return { topic, payload, qos, retain: false, dup: false };
      });
    });
    await until(() => subscribers.every(({ length }) => length === 400));
    for (const [granted, received] of subscribers.entries())
      for (const [p, sent] of expected.entries())
        assert.deepEqual(
          received.filter(({ topic }) => topic === `labs/publisher-${p}/observation`),
          sent.map((publish) => ({ ...publish, qos: Math.min(publish.qos, granted) })),
        );
    assert.deepEqual(scene.counts, { committed: 360, duplicate: 0, rejected: { not_json: 40 } });
  });

  test('receive the retained one when they come, and others while they are there', async (t) => {
    const scene = await Scene.open(t);
    const publisher = await scene.client();
    await publisher.publishAsync(TOPIC, timed(1), { qos: 1, retain: true });
    await publisher.publishAsync(TOPIC, timed(2), { qos: 0, retain: true });
    await publisher.publishAsync(TOPIC, timed(3), { qos: 1 });
    await until(() => scene.counts.committed === 3);
    const client = await scene.client();
    const received = receivedBy(client);
    await client.subscribeAsync('labs/#', { qos: 1 });
    await until(() => received.length === 1);
    await publisher.publishAsync(TOPIC, timed(4), { qos: 1, retain: true });
    await until(() => received.length === 2);
    assert.deepEqual(
      received.map(({ payload, retain }) => [payload, retain]),
      [
        [timed(2), true],
        [timed(4), false],
      ],
    );
    await publisher.publishAsync(TOPIC, '', { qos: 1, retain: true });
    const later = await scene.client();
    const receivedLater = receivedBy(later);
    await later.subscribeAsync('labs/#', { qos: 1 });
    await later.publishAsync('end', '', { qos: 1 });
    await pause(50);
    assert.deepEqual(receivedLater, []);
  });

  test('that were away receive what was published meanwhile, in order, and what they had not acknowledged again', async (t) => {
    const scene = await Scene.open(t);
    const session = { clientId: 'away', clean: false };
    const first = await scene.client(session);
    await first.subscribeAsync(['labs/#', TOPIC, 'labs/+/observation'], { qos: 1 });
    await first.endAsync();
    const publisher = await scene.client();
    for (let i = 0; i < 300; i++) await publisher.publishAsync(TOPIC, timed(i), { qos: (i % 2) as 0 | 1 });
    assert.equal(scene.counts.committed, 300);

    // Reads them all, and acknowledges none.
    const { socket, answers } = await scene.exchange(connectFrame('away', false));
    await until(() => answers().includes(timed(299)));
    socket.destroy();
    await until(() => scene.broker.connections === 1);

    const second = connect(scene.url, { ...session, protocolVersion: 4, reconnectPeriod: 0 });
    t.after(() => second.endAsync(true));
    const received = receivedBy(second);
    await until(() => received.length === 150);
    await pause(50);
    assert.deepEqual(
      received,
      times(150, (i) => ({ topic: TOPIC, payload: timed(2 * i + 1), qos: 1, retain: false, dup: true })),
    );
    await second.endAsync();
    // Acknowledged, so gone.
    const third = await scene.client(session);
    const receivedAgain = receivedBy(third);
    await third.publishAsync('end', '', { qos: 1 });
    await pause(50);
    assert.deepEqual(receivedAgain, []);
  });

  test('hold up their publishers, while the store holds, rather than copies piling up', async (t) => {
    const scene = await Scene.open(t);
    const subscriber = await scene.client();
    const received = receivedBy(subscriber);
    await subscriber.subscribeAsync('labs/#', { qos: 0 });
    scene.held.hold();
    const { socket, answers } = await scene.exchange(connectFrame('p'));
    for (let i = 0; i < 50; i++) {
      socket.write(Buffer.concat(times(200, (k) => publishFrame({ qos: 1, id: i * 200 + k + 1 }))));
      await pause(2);
    }
    await pause(200);
    assert.deepEqual(received, []);
    if (FAST_LANE) assert.ok(scene.intake.ledger.inFlight < 4000, `${scene.intake.ledger.inFlight}`);
    scene.held.release();
    await until(() => answers().length === 4 + 10_000 * 4);
    await until(() => received.length === 10_000);
  });
});

test('subscribers of everything may leave at any moment', async (t) => {
  const scene = await Scene.open(t);
  let isDone = false;
  const published = Promise.all(times(5, () => publishMany(scene, 10_000, UNTIMED, randomUUID())));
  void published.then(() => {
    isDone = true;
  });
  while (!isDone) {
    const socket = await scene.socket();
    socket.write(connectFrame('raw'));
    socket.write(subscribeFrame(['#'], 0));
    await once(socket, 'data');
    await pause(30);
    socket.destroy();
  }
  await published;
  assert.equal(scene.counts.committed, 50_000);
});

describe('publishes of different kinds in one piece', { concurrency: true }, () => {
  test('reach every subscriber, each once and in order', async (t) => {
    const scene = await Scene.open(t);
    const topics = [0, 1].map((p) => [`labs/${p}/observation`, `labs/${p}/status`, `status/${p}`]);
    const filters = ['labs/#', 'status/+'];
    const overlapping = ['#', ...filters, '+/+/observation', '+/0', ...topics.flat()];
    const sessions = [1, 2].map((qos) => ({ clientId: `session-${qos}`, clean: false }));
    const subscribers = await Promise.all([
      ...([0, 1, 2] as const).map(async (qos) => {
        const client = await scene.client();
        const received = receivedBy(client);
        await client.subscribeAsync(qos === 0 ? filters : overlapping, { qos });
        return received;
      }),
      ...sessions.map(async (session, i) => {
        const client = await scene.client(session);
        const received = receivedBy(client);
        await client.subscribeAsync(i === 0 ? filters : overlapping, { qos: (i + 1) as 1 | 2 });
        return received;
      }),
    ]);
    const publishers = await Promise.all([scene.client(), scene.client()]);
    await Promise.all(publishers.map((client, p) => publishMixed(client, topics[p]!)));
    await until(() => subscribers.every(({ length }) => length >= MIXED.length * 6));
    await pause(50);
    for (const received of subscribers) for (const topic of topics.flat()) assertMixed(received, topic);
    assert.deepEqual(scene.counts, { committed: MIXED.length * 2, duplicate: 0, rejected: {} });
    assert.equal(scene.broker.counters.deliveriesDropped, 0);
  });

  test('once at the QoS that was granted at the most, with overlapping filters, in both versions', async (t) => {
    const scene = await Scene.open(t);
    const publisher = await scene.client();
    const received: string[][] = [];
    const manners = ([4, 5] as const).flatMap((protocolVersion) =>
      [true, false].map((clean) => ({ protocolVersion, clean })),
    );
    for (const manner of manners)
      for (const filters of [
        { '#': 1 },
        { 'q/+': 1, q: 2 },
        { '#': 1, 'q/+': 2 },
        { '#': 2, 'q/+': 1 },
        { '#': 0, 'q/+': 2, 'q/a': 1 },
      ] as const) {
        const client = await scene.client({ clientId: `${received.length}`, ...manner });
        const ofClient: string[] = [];
        received.push(ofClient);
        client.on('message', (_topic, payload, { qos }) => ofClient.push(`${payload} at ${qos}`));
        await client.subscribeAsync(
          Object.fromEntries(Object.entries(filters).map(([filter, qos]) => [filter, { qos }])),
        );
      }
    await publisher.publishAsync('q/a', 'first', { qos: 2 });
    await publisher.publishAsync('q/a', 'second', { qos: 2 });
    await until(() => received.every((ofClient) => ofClient.at(-1)?.startsWith('second')));
    assert.deepEqual(
      received,
      manners.flatMap(() => [1, 1, 2, 2, 2].map((qos) => [`first at ${qos}`, `second at ${qos}`])),
    );
  });

  test('at the QoS that was granted at the most, also what is retained', async (t) => {
    const scene = await Scene.open(t);
    const publisher = await scene.client();
    for (const qos of [0, 1, 2] as const)
      await publisher.publishAsync(`r/${qos}`, 'x', { qos, retain: true });
    for (const granted of [0, 1, 2] as const) {
      const received = new Map<string, number>();
      const client = await scene.client();
      client.on('message', (topic, _payload, { qos }) => received.set(topic, qos));
      await client.subscribeAsync('r/#', { qos: granted });
      await until(() => received.size === 3);
      for (const qos of [0, 1, 2]) assert.equal(received.get(`r/${qos}`), Math.min(qos, granted));
    }
  });

  test('wait in a session, each once and in order, unless it has had them', async (t) => {
    const scene = await Scene.open(t);
    const session = { clientId: 'session', clean: false };
    const publisher = await scene.client();
    const first = await scene.client(session);
    const received = receivedBy(first);
    await first.subscribeAsync(['labs/#', 'labs/+/observation', 'status/#'], { qos: 2 });
    await publishMixed(publisher, ['labs/had/observation', 'status/had']);
    await until(() => received.length >= MIXED.length * 2);
    await first.endAsync();
    await publishMixed(publisher, ['labs/new/observation', 'status/new']);
    await until(() => scene.counts.committed === MIXED.length * 2);
    const second = connect(scene.url, { ...session, protocolVersion: 4, reconnectPeriod: 0 });
    t.after(() => second.endAsync(true));
    const receivedLater = receivedBy(second);
    const withSession = MIXED.filter(({ qos }) => qos > 0).length * 2;
    await until(() => receivedLater.length >= withSession);
    await pause(50);
    assert.equal(receivedLater.length, withSession);
    for (const topic of ['labs/new/observation', 'status/new']) assertMixed(receivedLater, topic, 1);
  });

  test('arrive whatever is refused in between', async (t) => {
    const folder = await temporaryFolder('subscribers-test');
    t.after(() => folder.remove());
    const aclFile = `${folder.path}/acl`;
    await writeFile(aclFile, 'topic read #\ntopic readwrite labs/a/observation\ntopic readwrite status/a\n');
    const filters = new TopicFilters(['labs/+/observation']);
    const access = await openAccess({
      passwordFile: undefined,
      aclFile,
      allowAnonymous: true,
      labOf: (topic) => filters.labOf(topic),
      onReload: () => {},
      onError: (error) => assert.fail(error),
    });
    const scene = await Scene.open(t, {}, { access });
    const client = await scene.client();
    const received = receivedBy(client);
    await client.subscribeAsync('#', { qos: 1 });
    const publisher = await scene.client();
    // Refused first and last, too.
    await publishMixed(publisher, [
      'status/refused',
      TOPIC,
      'labs/refused/observation',
      'status/a',
      'refused',
    ]);
    const tooDeep = await scene.client();
    tooDeep.publish('a/'.repeat(200), '', { qos: 1 });
    await new Promise((resolve) => tooDeep.once('close', () => resolve(undefined)));
    await publisher.publishAsync(TOPIC, 'last', { qos: 1 });
    await until(() => received.length > MIXED.length * 2);
    await pause(50);
    assert.equal(received.length, MIXED.length * 2 + 1);
    for (const topic of [TOPIC, 'status/a']) assertMixed(received, topic);
  });
});

describe('a subscriber that does not read', { concurrency: true }, () => {
  const payload = JSON.stringify({ temp: 20, humidity: 50, note: 'x'.repeat(250) });

  test('holds up nobody, and gets a bounded amount', async (t) => {
    // More than what a session hands out ahead.
    const scene = await Scene.open(t, { subscriberBytesMax: 1_000_000, subscriberTimeoutMs: 3_600_000 });
    const stuck = await rawSubscriber(scene, { clean: true, qos: 0 });
    stuck.pause();
    const good = await scene.client();
    const received = receivedBy(good);
    await good.subscribeAsync('labs/#', { qos: 1 });
    const count = 120_000;
    // What the sockets themselves take, of each end, is some megabytes.
    await publishMany(scene, count, payload);
    assert.equal(scene.counts.committed, count);
    await until(() => received.length === count);
    assert.ok(scene.broker.counters.deliveriesDropped > 40_000, `${scene.broker.counters.deliveriesDropped}`);
    assert.deepEqual(
      scene.log.lines.map(({ msg, client }) => [msg, client]),
      [['publishes dropped for a subscriber', 'raw']],
    );
  });

  test('is disconnected after a time', async (t) => {
    const limits = { subscriberBytesMax: 100_000, subscriberTimeoutMs: 500 };
    const scene = await Scene.open(t, limits);
    const stuck = await rawSubscriber(scene, { clean: true, qos: 1 });
    stuck.pause();
    // Until the sockets take no more it is not late.
    while (!scene.log.messages.includes('connection ended'))
      await publishMany(scene, 1000, payload.repeat(10));
    await until(() => scene.broker.connections === 0);
    assert.deepEqual(scene.log.messages, ['publishes dropped for a subscriber', 'connection ended']);
  });

  test('and has a session is disconnected, and misses nothing when it comes back', async (t) => {
    const count = 20_000;
    const long = JSON.stringify({ temp: 20, note: 'x'.repeat(1000) });
    const scene = await Scene.open(t, {
      subscriberBytesMax: 100_000,
      queuedMessagesMax: count,
      queuedBytesMax: 100_000_000,
      memoryBytesMax: 1e9,
    });
    const stuck = await rawSubscriber(scene, { clean: false, qos: 1 });
    stuck.pause();
    await publishMany(scene, count, long);
    const closed = once(stuck, 'close');
    stuck.resume();
    await closed;
    assert.equal(scene.broker.counters.deliveriesDropped, 0);
    assert.deepEqual(scene.log.messages, ['connection ended']);
    const socket = await scene.socket();
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    socket.write(connectFrame('raw', false));
    const frameBytes = publishFrame({ qos: 1, id: 1, payload: long }).length;
    await until(() => bytes === 4 + count * frameBytes);
  });

  test('retained publishes does not get them all at once, nor does it hold up others', async (t) => {
    const scene = await Scene.open(t, { subscriberTimeoutMs: 2000 });
    const publisher = await scene.client();
    const large = 'x'.repeat(50_000);
    await Promise.all(times(400, (i) => publisher.publishAsync(`r/${i}`, large, { qos: 1, retain: true })));
    const stuck = await scene.socket();
    stuck.write(connectFrame('stuck'));
    await once(stuck, 'data');
    stuck.pause();
    stuck.write(subscribeFrame(['r/#'], 0));
    const good = await scene.client();
    const received = receivedBy(good);
    await good.subscribeAsync('r/+', { qos: 1 });
    await until(() => received.length === 400);
    // Neither dropped: they wait for it, until it has gone too long without reading.
    assert.equal(scene.broker.counters.deliveriesDropped, 0);
    await until(() => scene.broker.connections === 2);
    await good.publishAsync(TOPIC, UNTIMED, { qos: 1 });
  });
});
