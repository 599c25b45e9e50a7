import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import {
  mosquittoClient,
  noOpenHandles,
  pause,
  TOPIC,
  timed,
  times,
  UNTIMED,
  until,
} from '@humtemp/test-services';
import type { MqttClient } from 'mqtt';
import {
  CONNECT_KEEPING_SESSION,
  FAST_LANE,
  mqttOn,
  PINGREQ,
  PINGRESP,
  PUBACK_1,
  PUBREC_1,
  publishFrame,
  Scene,
  startBroker,
} from './broker.fixture.js';

const run = promisify(execFile);

after(noOpenHandles);

/** The topics that a client receives. */
function received(client: MqttClient): string[] {
  const topics: string[] = [];
  client.on('message', (topic) => topics.push(topic));
  return topics;
}

describe('the embedded broker counts', { concurrency: true }, () => {
  test('what mosquitto_pub publishes', async (t) => {
    const scene = await Scene.open(t);
    const client = await mosquittoClient('mosquitto_pub');
    const address = ['-h', '127.0.0.1', '-p', String(scene.port), '-t', TOPIC, '-m', UNTIMED];
    for (const qos of ['0', '1', '2']) await run(client, [...address, '-q', qos]);
    await until(() => scene.counts.committed === 3);
    assert.deepEqual(scene.counts, { committed: 3, duplicate: 0, rejected: {} });
  });

  test('what mqtt.js publishes at every QoS, once', async (t) => {
    const scene = await Scene.open(t);
    const client = await scene.client();
    for (const qos of [0, 1, 2] as const)
      await Promise.all(times(50, () => client.publishAsync(TOPIC, UNTIMED, { qos })));
    await until(() => scene.counts.committed === 150);
    await pause(50);
    assert.deepEqual(scene.counts, { committed: 150, duplicate: 0, rejected: {} });
  });

  test('a will, when its client is gone', async (t) => {
    const scene = await Scene.open(t);
    const client = await scene.client({ will: { topic: TOPIC, payload: UNTIMED, qos: 1, retain: false } });
    client.stream.destroy();
    await until(() => scene.counts.committed === 1);
  });

  test('a publish at QoS 2 once, though it is sent again before its end', async (t) => {
    const scene = await Scene.open(t);
    const frame = publishFrame({ qos: 2, id: 1 });
    for (const isDuplicate of [false, true]) {
      const { socket, answers } = await scene.exchange(CONNECT_KEEPING_SESSION);
      // DUP is bit 3 [MQTT-3.3.1-1].
      if (isDuplicate) frame[0]! |= 8;
      socket.write(frame);
      await until(() => answers().includes(PUBREC_1));
      socket.destroy();
    }
    await scene.intake.whenSettled();
    assert.deepEqual(scene.counts, { committed: 1, duplicate: 0, rejected: {} });
  });
});

describe('while the store holds, the embedded broker', { concurrency: true }, () => {
  for (const [qos, answer] of [
    [1, PUBACK_1],
    [2, PUBREC_1],
  ] as const)
    test(`does not acknowledge at QoS ${qos}, and answers pings`, async (t) => {
      const scene = await Scene.open(t);
      scene.held.hold();
      const { socket, answers } = await scene.exchange(CONNECT_KEEPING_SESSION);
      socket.write(publishFrame({ qos, id: 1 }));
      await until(() => scene.intake.ledger.inFlight === 1);
      socket.write(PINGREQ);
      await until(() => answers().includes(PINGRESP));
      await pause(100);
      assert.equal(answers().includes(answer), false);
      scene.held.release();
      await until(() => answers().includes(answer));
      assert.equal(scene.counts.committed, 1);
    });

  // On the slow lane aedes reads on only when all publishes of a chunk are authorized.
  if (FAST_LANE)
    test('answers the pings of a client with many publishes in flight', async (t) => {
      const scene = await Scene.open(t);
      scene.held.hold();
      const { socket, answers } = await scene.exchange(CONNECT_KEEPING_SESSION);
      await until(() => answers().length > 0);
      socket.write(Buffer.concat(times(10, (i) => publishFrame({ qos: 1, id: i + 1 }))));
      await until(() => scene.intake.ledger.inFlight === 10);
      socket.write(PINGREQ);
      await pause(300);
      assert.ok(answers().includes(PINGRESP));
    });

  test('stops reading at the pending limit', async (t) => {
    const scene = await Scene.open(t, { pendingMax: 5 });
    scene.held.hold();
    const socket = await scene.socket();
    socket.write(CONNECT_KEEPING_SESSION);
    for (let i = 1; i <= 10; i++) {
      socket.write(publishFrame({ qos: 1, id: i }));
      await pause(20);
    }
    // On the slow lane aedes may have a chunk that it has not looked at yet.
    assert.ok(scene.intake.ledger.inFlight <= (FAST_LANE ? 5 : 6));
  });

  test('delivers a publish to nobody before it is in the store', async (t) => {
    const scene = await Scene.open(t);
    const other = await scene.client();
    const topics = received(other);
    await other.subscribeAsync('labs/#', { qos: 1 });
    const client = await scene.client();
    scene.held.hold();
    const published = client.publishAsync(TOPIC, UNTIMED, { qos: 1 });
    await until(() => scene.intake.ledger.inFlight === 1);
    await pause(50);
    assert.deepEqual(topics, []);
    scene.held.release();
    await published;
    await until(() => topics.length === 1);
  });

  test('serves other topics', async (t) => {
    const scene = await Scene.open(t);
    scene.held.hold();
    const [one, two] = [await scene.client(), await scene.client()];
    const topics = received(two);
    await two.subscribeAsync('heating/#', { qos: 1 });
    one.publish(TOPIC, UNTIMED, { qos: 1 });
    await until(() => scene.intake.ledger.inFlight === 1);
    await two.publishAsync('heating/a', 'on', { qos: 1 });
    await until(() => topics.length === 1);
  });

  test('keeps a client that publishes again after a cut exact, by its timestamps', async (t) => {
    const scene = await Scene.open(t);
    scene.held.hold();
    // As many as are worked on at once: of more, aedes takes the rest when the first are acknowledged.
    const count = 5;
    for (const attempt of [1, 2]) {
      const { socket, answers } = await scene.exchange(CONNECT_KEEPING_SESSION);
      socket.write(
        Buffer.concat(times(count, (i) => publishFrame({ qos: 1, id: i + 1, payload: timed(i) }))),
      );
      await until(() => scene.intake.ledger.inFlight === attempt * count);
      if (attempt === 1) socket.destroy();
      else {
        scene.held.release();
        await until(() => answers().length === 4 + count * 4);
      }
    }
    assert.deepEqual(scene.counts, { committed: count, duplicate: count, rejected: {} });
  });
});

describe('other subscribers of the embedded broker', { concurrency: true }, () => {
  test('receive observations, and all other topics', async (t) => {
    const scene = await Scene.open(t);
    const [publisher, subscriber] = [await scene.client(), await scene.client()];
    const topics = received(subscriber);
    await subscriber.subscribeAsync('#', { qos: 1 });
    for (const qos of [0, 1, 2] as const) {
      await publisher.publishAsync(TOPIC, UNTIMED, { qos });
      await publisher.publishAsync('heating/a', 'on', { qos });
    }
    await until(() => topics.length === 6);
    assert.equal(topics.filter((topic) => topic === TOPIC).length, 3);
    assert.equal(scene.counts.committed, 3);
  });

  test('receive what is on a topic of no source, which is counted as such', async (t) => {
    const scene = await Scene.open(t);
    const publisher = await scene.client();
    const topics = received(publisher);
    await publisher.subscribeAsync('lab/#', { qos: 1 });
    await publisher.publishAsync('lab/hall/observation', UNTIMED, { qos: 1 });
    await until(() => topics.length === 1);
    assert.equal(scene.intake.unmatched.publishes, 1);
    assert.deepEqual(scene.counts, { committed: 0, duplicate: 0, rejected: {} });
  });

  test('receive the retained observation; it counts as it is published now, retained or not', async (t) => {
    const scene = await Scene.open(t);
    const publisher = await scene.client();
    await publisher.publishAsync(TOPIC, timed(0), { qos: 1, retain: true });
    await publisher.publishAsync(TOPIC, UNTIMED, { qos: 1, retain: true });
    const topics = received(publisher);
    await publisher.subscribeAsync('labs/#', { qos: 1 });
    await until(() => topics.length === 1);
    assert.deepEqual(scene.counts, { committed: 2, duplicate: 0, rejected: {} });
  });

  test('are refused shared subscriptions, and given the others', async (t) => {
    const scene = await Scene.open(t);
    const { socket, answers } = await scene.exchange(CONNECT_KEEPING_SESSION);
    const filters = ['$share/g/labs/#', 'labs/#'].map((filter) =>
      Buffer.concat([Buffer.from([0, filter.length]), Buffer.from(filter), Buffer.from([1])]),
    );
    const body = Buffer.concat([Buffer.from([0, 1]), ...filters]);
    // SUBSCRIBE [MQTT-3.8.1-1]; SUBACK with one return code for each filter, 0x80 is failure [MQTT-3.9.3].
    socket.write(Buffer.concat([Buffer.from([0x82, body.length]), body]));
    await until(() => answers().includes(Buffer.from([0x90, 4, 0, 1, 0x80, 1])));
  });
});

describe('bad input at the embedded broker:', { concurrency: true }, () => {
  test('bad payloads are acknowledged, counted and listed', async (t) => {
    const scene = await Scene.open(t);
    const client = await scene.client();
    const payloads = ['', '{"temp":', '"x"', '{"temp":"warm"}', 'x'.repeat(70_000)];
    for (const qos of [0, 1, 2] as const)
      for (const payload of payloads) await client.publishAsync(TOPIC, payload, { qos });
    await client.publishAsync('labs//observation', UNTIMED, { qos: 1 });
    await client.publishAsync(TOPIC, UNTIMED, { qos: 1 });
    await until(() => scene.counts.committed === 1);
    assert.deepEqual(scene.counts, {
      committed: 1,
      duplicate: 0,
      rejected: { payload_too_large: 3, not_json: 6, not_an_object: 3, temp: 3, lab_id: 1 },
    });
    const listed = await scene.held.store.rejections(100);
    assert.equal(listed.length, 16);
    assert.deepEqual(new Set(listed.map(({ source }) => source)), new Set([TOPIC, 'labs//observation']));
  });
});

describe('stopping the embedded broker', { concurrency: true }, () => {
  test('takes no new connections, lets the others publish on, and then ends them', async (t) => {
    const scene = await Scene.open(t);
    const clients = await Promise.all(times(5, () => scene.client()));
    const silent = await scene.socket();
    await until(() => scene.broker.connections === 6);
    const { port } = scene;
    scene.broker.stopAccepting();
    const refused = connect(port, '127.0.0.1');
    await assert.rejects(
      new Promise((resolve, reject) => refused.on('connect', resolve).on('error', reject)),
      /ECONNREFUSED/,
    );
    for (const client of clients) await client.publishAsync(TOPIC, UNTIMED, { qos: 1 });
    assert.equal(scene.counts.committed, 5);
    await scene.broker.close();
    await until(() => clients.every((client) => !client.connected) && silent.closed);
    assert.equal(scene.broker.connections, 0);
    await scene.broker.close();
  });

  test('publishes no will: the clients have not gone', async (t) => {
    const scene = await Scene.open(t);
    await scene.client({ will: { topic: TOPIC, payload: UNTIMED, qos: 1, retain: false } });
    await scene.intake.stop(1000);
    await scene.broker.close();
    assert.equal(scene.intake.ledger.counters().received, 0);
  });

  test('ends with publishes that the store never took, unacknowledged', async (t) => {
    const scene = await Scene.open(t);
    scene.held.hold();
    const { socket, answers } = await scene.exchange(CONNECT_KEEPING_SESSION);
    socket.write(publishFrame({ qos: 1, id: 1 }));
    await until(() => scene.intake.ledger.inFlight === 1);
    await scene.broker.close();
    await until(() => socket.closed);
    scene.held.release();
    await scene.intake.whenSettled();
    assert.equal(answers().includes(PUBACK_1), false);
  });

  test('a port that is taken is an error that says so, and the port can be taken again after the stop', async (t) => {
    const scene = await Scene.open(t);
    const { port } = scene;
    await assert.rejects(startBroker(scene.intake, { listeners: [mqttOn(port)] }), { code: 'EADDRINUSE' });
    await scene.broker.close();
    const again = await startBroker(scene.intake, { listeners: [mqttOn(port)] });
    assert.equal(again.portOf('mqtt'), port);
    await again.close();
  });
});
