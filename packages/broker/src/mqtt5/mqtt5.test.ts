import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { REJECTION_ADVICE } from '@humtemp/bucket-core';
import { noOpenHandles, TOPIC, times, UNTIMED, until } from '@humtemp/test-services';
import type { MqttClient } from 'mqtt';
import type { IPublishPacket } from 'mqtt-packet';
import { CONNECT_KEEPING_SESSION, frame, Scene } from '../broker.fixture.js';
import { frame5, RawClient } from './raw-client.fixture.js';

after(noOpenHandles);

/** The next message of a client. */
function messageOf(client: MqttClient): Promise<string> {
  return new Promise((resolve) => client.once('message', (_topic, payload) => resolve(payload.toString())));
}

const text = ({ payload }: IPublishPacket) => payload.toString();

describe('a client that speaks MQTT 5', { concurrency: true }, () => {
  test('is told limits and its client id', async (t) => {
    const scene = await Scene.open(t, { keepAliveSMax: 30, frameBytesMax: 5000 });
    const raw = await scene.socket();
    const answer = once(raw, 'data');
    raw.write(
      frame5({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 5, clientId: '', keepalive: 60 }),
    );
    const [connack] = (await answer) as [Buffer];
    // Receive maximum 1000, maximum packet size 5000, alias maximum 100, server keep alive 30.
    for (const property of ['2103e8', '2700001388', '220064', '13001e'])
      assert.ok(connack.toString('hex').includes(property), property);
    assert.match(connack.toString(), /humtemp-/);
  });

  for (const [lane, properties] of [
    ['the fast lane', {}],
    ['the slow lane', { userProperties: { a: 'b' } }],
  ] as const)
    test(`is told with the acknowledgement why a publish does not count, on ${lane}`, async (t) => {
      const scene = await Scene.open(t);
      const client = await RawClient.open(scene, 'x');
      const asked = async (qos: 1 | 2, topic: string, payload: string) => {
        client.publish(topic, payload, { qos, messageId: 5, properties });
        const packet = await client.next(qos === 1 ? 'puback' : 'pubrec');
        return [packet.reasonCode ?? 0, packet.properties?.reasonString];
      };
      const bad = `temp: ${REJECTION_ADVICE.temp}`;
      const observation = '{"timestamp":"2026-01-01T00:00:00Z","temp":1}';
      assert.deepEqual(await asked(1, TOPIC, UNTIMED), [0, undefined]);
      assert.deepEqual(await asked(1, TOPIC, '{"temp":1000}'), [0x99, bad]);
      assert.deepEqual(await asked(2, TOPIC, '{"temp":1000}'), [0x99, bad]);
      assert.deepEqual(await asked(1, TOPIC, `[${UNTIMED},{"temp":1000}]`), [0, `in part: ${bad}`]);
      assert.deepEqual(await asked(1, TOPIC, observation), [0x99, `expired: ${REJECTION_ADVICE.expired}`]);
      assert.deepEqual(await asked(1, '$SYS/x', 'x'), [0x87, undefined]);
      assert.deepEqual(await asked(1, 'nobody/wants/it', 'x'), [0x10, undefined]);
      assert.deepEqual(await asked(2, TOPIC, UNTIMED), [0, undefined]);
      client.send({ cmd: 'pubrel', messageId: 5 });
      assert.equal((await client.next('pubcomp')).reasonCode ?? 0, 0);
      client.send({ cmd: 'pubrel', messageId: 6 });
      assert.equal((await client.next('pubcomp')).reasonCode, 0x92);
      assert.deepEqual(scene.counts.committed, 3);
    });

  test('is not answered before the commit, and what it sends again in a session counts once', async (t) => {
    const scene = await Scene.open(t);
    const connect = { clean: false, properties: { sessionExpiryInterval: 60 } };
    const client = await RawClient.open(scene, 'x', connect);
    scene.held.hold();
    const publish = { topic: TOPIC, payload: UNTIMED, dup: false, retain: false } as const;
    client.send({ cmd: 'publish', qos: 1, messageId: 1, ...publish });
    client.send({ cmd: 'publish', qos: 2, messageId: 2, ...publish });
    assert.deepEqual(await client.settled(), []);
    const again = await RawClient.open(scene, 'x', connect);
    assert.equal((await client.next('disconnect')).reasonCode, 0x8e);
    again.send({ cmd: 'publish', qos: 2, messageId: 2, ...publish, dup: true });
    assert.deepEqual(await again.settled(), []);
    scene.held.release();
    assert.equal((await again.next('pubrec')).messageId, 2);
    assert.deepEqual([scene.counts.committed, scene.broker.counters.takenOver], [2, 1]);
  });

  test('shares its session with MQTT 3.1.1, for as long as it asked for', async (t) => {
    const scene = await Scene.open(t);
    const sessionPresent = async (options: object) => {
      const client = await scene.client({ clientId: 'x', clean: false, ...options });
      return client;
    };
    const expiry = (sessionExpiryInterval: number) => ({
      protocolVersion: 5,
      properties: { sessionExpiryInterval },
    });
    const first = await sessionPresent(expiry(60));
    await first.subscribeAsync('t', { qos: 1 });
    await first.endAsync();
    const other = await scene.client();
    await other.publishAsync('t', 'waited', { qos: 1 });
    const { socket: second, answers } = await scene.exchange(CONNECT_KEEPING_SESSION);
    await until(() => answers().includes('waited'));
    assert.equal(answers()[2], 1);
    second.destroy();
    const raw = await RawClient.open(scene, 'x', { clean: false });
    raw.send({ cmd: 'disconnect', reasonCode: 0 });
    await until(() => raw.isClosed);
    // With an interval of 0 it has ended with the connection.
    const socket = await scene.socket();
    const answer = once(socket, 'data');
    socket.write(
      frame5({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 5, clientId: 'x', clean: false }),
    );
    assert.equal(((await answer) as [Buffer])[0][2], 0);
  });

  test('gets what others publish with their properties, as its subscriptions say', async (t) => {
    const scene = await Scene.open(t);
    const client = await RawClient.open(scene, 'x');
    await client.subscribe('a/+', { rap: true }, { subscriptionIdentifier: 3 });
    await client.subscribe('a/#', { qos: 1 }, { subscriptionIdentifier: 4 });
    await client.subscribe('own', { nl: true });
    const plain = await scene.client();
    await plain.subscribeAsync('a/b', { qos: 0 });
    const received = messageOf(plain);
    const properties = {
      payloadFormatIndicator: true,
      messageExpiryInterval: 100,
      contentType: 'text',
      responseTopic: 'answers',
      correlationData: Buffer.from('c'),
      userProperties: { b: ['1', '2'], a: '3' },
    };
    client.publish('own', 'x');
    client.publish('a/b', 'hello', { qos: 2, messageId: 1, retain: true, properties });
    const got = await client.next('publish');
    assert.deepEqual(
      [text(got), got.qos, got.retain, JSON.parse(JSON.stringify(got.properties))],
      ['hello', 2, true, JSON.parse(JSON.stringify({ ...properties, subscriptionIdentifier: [4, 3] }))],
    );
    assert.equal(await received, 'hello');
    assert.deepEqual(
      (await client.settled()).filter(({ cmd }) => cmd === 'publish'),
      [],
    );
    // Retained, with what is left of its time; not where it is not wanted.
    await client.subscribe('a/b', { rh: 2 });
    await client.subscribe('a/b', { rh: 1 });
    assert.deepEqual(
      (await client.settled()).filter(({ cmd }) => cmd === 'publish'),
      [],
    );
    await client.subscribe('a/b', { rh: 0 });
    assert.equal((await client.next('publish')).retain, true);
  });

  test('shares a subscription: each publish goes to one member that is there', async (t) => {
    const scene = await Scene.open(t);
    const members = await Promise.all(['a', 'b', 'c'].map((id) => RawClient.open(scene, id)));
    for (const member of members) assert.equal(await member.subscribe('$share/g/t/+', { qos: 1 }), 1);
    const [first, second, third] = members as [RawClient, RawClient, RawClient];
    third.send({ cmd: 'disconnect', reasonCode: 0 });
    await until(() => third.isClosed);
    const other = await scene.client();
    for (const payload of ['1', '2', '3', '4'])
      await other.publishAsync('t/x', payload, { qos: 1, retain: true });
    const seen = async (member: RawClient) =>
      (await member.settled()).flatMap((packet) => (packet.cmd === 'publish' ? text(packet) : []));
    assert.deepEqual(
      [await seen(first), await seen(second)],
      [
        ['1', '3'],
        ['2', '4'],
      ],
    );
    first.send({ cmd: 'unsubscribe', messageId: 3, unsubscriptions: ['$share/g/t/+'] });
    assert.deepEqual((await first.next('unsuback')).granted, [0]);
    await other.publishAsync('t/x', '5', { qos: 1 });
    assert.deepEqual([await seen(first), await seen(second)], [[], ['5']]);
    assert.equal(await first.subscribe('$share/g', {}), 0x8f);
  });

  test('gets no more at a time, and nothing longer, than it takes', async (t) => {
    const scene = await Scene.open(t);
    const client = await RawClient.open(scene, 'x', {
      properties: { receiveMaximum: 2, maximumPacketSize: 100 },
    });
    await client.subscribe('t');
    const other = await scene.client();
    for (const payload of ['1', 'x'.repeat(200), '2', '3', '4'])
      await other.publishAsync('t', payload, { qos: 1 });
    assert.deepEqual(
      (await client.settled()).map((packet) => text(packet as IPublishPacket)),
      ['1', '2'],
    );
    client.send({ cmd: 'puback', messageId: 1, reasonCode: 0 });
    assert.equal(text(await client.next('publish')), '3');
    client.send({ cmd: 'puback', messageId: 2, reasonCode: 0 });
    client.send({ cmd: 'puback', messageId: 3, reasonCode: 0 });
    assert.equal(text(await client.next('publish')), '4');
  });

  test('leaves its will, unless it says that it goes', async (t) => {
    const scene = await Scene.open(t);
    const observer = await scene.client();
    const seen: string[] = [];
    observer.on('message', (topic) => seen.push(topic));
    await observer.subscribeAsync('will/#');
    const leave = async (topic: string, reasonCode: number, willDelayInterval: number) => {
      const client = await RawClient.open(scene, topic, {
        properties: { sessionExpiryInterval: 60 },
        will: { topic, payload: Buffer.from('gone'), properties: { willDelayInterval } },
      });
      client.send({ cmd: 'disconnect', reasonCode });
      await until(() => client.isClosed);
    };
    await leave('will/none', 0, 0);
    await leave('will/delayed', 4, 1);
    await leave('will/now', 4, 0);
    await until(() => seen.length === 2);
    assert.deepEqual(seen, ['will/now', 'will/delayed']);
  });

  test('is told why its connection ends', async (t) => {
    const scene = await Scene.open(t, { frameBytesMax: 1000 });
    const ends: [what: string, code: number, bytes: Buffer][] = [
      ['a frame that is too long', 0x95, Buffer.from([0x30, 0xff, 0xff, 0x7f])],
      ['a length of five bytes', 0x81, Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f])],
      ['QoS 3', 0x81, Buffer.from([0x36, 7, 0, 1, 0x74, 0, 1, 0, 0x78])],
      ['packet id 0', 0x82, Buffer.from([0x32, 7, 0, 1, 0x74, 0, 0, 0, 0x78])],
      ['a topic that is not UTF-8', 0x81, Buffer.from([0x30, 5, 0, 1, 0xff, 0, 0x78])],
      ...[[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x61, 0]].map((lab): [string, number, Buffer] => [
        `a topic of observations with the bytes ${Buffer.from(lab).toString('hex')}`,
        0x81,
        publishOf(Buffer.concat([Buffer.from('labs/'), Buffer.from(lab), Buffer.from('/observation')])),
      ]),
      ['a topic with a wildcard', 0x90, Buffer.from([0x30, 5, 0, 1, 0x23, 0, 0x78])],
      ['an alias that is too high', 0x94, Buffer.from([0x30, 8, 0, 1, 0x74, 3, 0x23, 0xff, 0xff, 0x78])],
      ['an alias of nothing', 0x82, Buffer.from([0x30, 7, 0, 0, 3, 0x23, 0, 1, 0x78])],
      ['a property twice', 0x82, Buffer.from([0x30, 9, 0, 1, 0x74, 4, 1, 0, 1, 0, 0x78])],
      [
        'a second CONNECT',
        0x82,
        frame5({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 5, clientId: 'x' }),
      ],
    ];
    for (const [what, code, bytes] of ends) {
      const client = await RawClient.open(scene, 'x');
      client.write(bytes);
      assert.equal((await client.next('disconnect')).reasonCode, code, what);
      await until(() => client.isClosed);
    }
    const last = await RawClient.open(scene, 'x');
    last.publish('t', 'x', { properties: { topicAlias: 1 } });
    last.publish('', UNTIMED, { qos: 1, messageId: 1, properties: { topicAlias: 1 } });
    assert.equal((await last.next('puback')).reasonCode, 0x10);
    await scene.broker.close();
    assert.equal((await last.next('disconnect')).reasonCode, 0x8b);
  });

  test('gets no packet that is longer than it takes', async (t) => {
    const scene = await Scene.open(t);
    const filters = (count: number) => times(count, (i) => ({ topic: `a/${i}`, qos: 1 as const }));
    const properties = { maximumPacketSize: 20 };
    const client = await RawClient.open(scene, 'x', { properties });
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: filters(15) });
    assert.equal((await client.next('suback')).granted.length, 15);
    client.send({ cmd: 'subscribe', messageId: 2, subscriptions: filters(16) });
    assert.equal((await client.next('disconnect')).reasonCode, 0x95);
    assert.equal(client.packets.length, 0);
    const other = await RawClient.open(scene, 'y', { properties });
    other.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: filters(16).map(({ topic }) => topic) });
    assert.equal((await other.next('disconnect')).reasonCode, 0x95);
    // A CONNACK that says all that it must is longer; one that refuses may be, too.
    for (const [maximumPacketSize, answer] of [
      [10, '2003008300'],
      [4, ''],
    ] as const) {
      const connect = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 5, clientId: 'z' } as const;
      const { socket, answers } = await scene.exchange(
        frame5({ ...connect, properties: { maximumPacketSize } }),
      );
      await until(() => answers().toString('hex') === answer);
      socket.end();
      await until(() => socket.closed);
      assert.equal(answers().toString('hex'), answer);
    }
    assert.equal(scene.broker.sessions.connected, 0);
  });
});

/** A PUBLISH at QoS 0 without properties, on a topic that may be no text. */
function publishOf(topic: Buffer): Buffer {
  return frame(0x30, Buffer.concat([Buffer.from([0, topic.length]), topic, Buffer.from([0, 0x78])]));
}
