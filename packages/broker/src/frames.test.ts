import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { noOpenHandles, TOPIC, times, UNTIMED, until } from '@humtemp/test-services';
import {
  bytesOf,
  CONNECT_KEEPING_SESSION,
  connectFrame,
  frame,
  PINGREQ,
  PUBACK_1,
  publishFrame,
  Scene,
  subscribeFrame,
} from './broker.fixture.js';

after(noOpenHandles);

/** A remaining length of 268,435,455 bytes, the largest there is. */
const HUGE = [0xff, 0xff, 0xff, 0x7f];
const FIVE_BYTES = [0xff, 0xff, 0xff, 0xff, 0x7f];

/** A PUBLISH at QoS 1 whose topic is any bytes. */
function publishOn(topic: Buffer): Buffer {
  const length = Buffer.from([topic.length >> 8, topic.length & 0xff]);
  return frame(0x32, Buffer.concat([length, topic, Buffer.from([0, 1]), Buffer.from(UNTIMED)]));
}

/** A CONNECT with a will at QoS 0, and any flags besides. */
function connectWithWill(topic: string, moreFlags = 0): Buffer {
  const text = (value: string) =>
    Buffer.concat([Buffer.from([value.length >> 8, value.length & 0xff]), Buffer.from(value)]);
  const head = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0x06 | moreFlags, 0, 60]);
  return frame(0x10, Buffer.concat([head, text('w'), text(topic), text('gone')]));
}

const afterConnect = (...frames: Buffer[]) => Buffer.concat([CONNECT_KEEPING_SESSION, ...frames]);

/** What a client may not say, whether its session is kept, which is the MQTT library's to see to, or not. */
const BEHIND_CONNECT: [what: string, bytes: Buffer, reason: RegExp][] = [
  ['CONNECT twice', CONNECT_KEEPING_SESSION, /^Invalid protocol|^the byte 0x10/],
  ['a length of five bytes', Buffer.from([0x32, ...FIVE_BYTES]), /four bytes/],
  ['a publish of 256 MB', Buffer.from([0x32, ...HUGE]), /^a frame of 268435460 bytes/],
  ['a SUBSCRIBE of 256 MB', Buffer.from([0x82, ...HUGE]), /^a frame of 268435460 bytes/],
  ['QoS 3', Buffer.concat([Buffer.from([0x36]), publishFrame({ qos: 1, id: 1 }).subarray(1)]), /QoS/],
  ['packet id 0', publishFrame({ qos: 1, id: 0 }), /packet id 0/],
  ['packet id 0 at QoS 2', publishFrame({ qos: 2, id: 0 }), /packet id 0/],
  ['a topic longer than its frame', Buffer.from([0x30, 4, 0xff, 0xff, 1, 2]), /Cannot parse topic|too early/],
  ['a topic of too many levels', publishOn(Buffer.from('a/'.repeat(100))), /levels/],
  ['a filter of too many levels', subscribeFrame(['a/'.repeat(100)], 1), /too many levels/],
  ['a filter that is none', subscribeFrame(['a/#/b'], 1), /#/],
  ['no filter', subscribeFrame([''], 1), /filter|empty topic/],
  ['a SUBSCRIBE at QoS 3', Buffer.from([0x82, 6, 0, 1, 0, 1, 0x61, 3]), /QoS/],
  ['a SUBSCRIBE of nothing', Buffer.from([0x82, 2, 0, 1]), /too early|Invalid qos/],
  ['a SUBSCRIBE without its flags', Buffer.from([0x80, 6, 0, 1, 0, 1, 0x61, 0]), /header flag|the byte 0x80/],
  ...['labs/+/observation', 'labs/#', ''].map((topic): [string, Buffer, RegExp] => [
    `a publish to the topic "${topic}"`,
    publishOn(Buffer.from(topic)),
    /topic|not allowed in PUBLISH/,
  ]),
  ...[[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x61, 0]].flatMap((bytes) =>
    [['labs/', '/observation'] as const, ['other/', ''] as const].map(
      ([before, behind]): [string, Buffer, RegExp] => [
        `a publish to ${before} with the bytes ${Buffer.from(bytes).toString('hex')}`,
        publishOn(Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(behind)])),
        /^a topic that is not UTF-8, or has a NUL/,
      ],
    ),
  ),
];

describe('bad MQTT ends only its own connection, and the log names it once:', { concurrency: true }, () => {
  const cases: [what: string, bytes: Buffer, reason: RegExp][] = [
    ['an HTTP request', Buffer.from('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'), /^HTTP, where MQTT/],
    ['one letter of HTTP', Buffer.from('P'), /^HTTP, where MQTT/],
    [
      'a TLS hello',
      Buffer.from([0x16, 3, 1, 0, 0x2f, 1, 0, 0, 0x2b, 3, 3, ...times(40, (i) => i)]),
      /^TLS, where plain MQTT/,
    ],
    ['garbage', Buffer.from(times(200, (i) => (i * 37 + 255) % 256)), /^no CONNECT, but the byte 0xff/],
    ['a publish before CONNECT', publishFrame({ qos: 1, id: 1 }), /^no CONNECT, but the byte 0x32/],
    ['a CONNECT with flags', Buffer.from([0x11, 0]), /^no CONNECT, but the byte 0x11/],
    ['a CONNECT with a length of five bytes', Buffer.from([0x10, ...FIVE_BYTES]), /four bytes/],
    ['a CONNECT of 256 MB', Buffer.from([0x10, ...HUGE]), /^a CONNECT of 268435460 bytes, more than 16384/],
    ['a client id of 65,535 bytes', connectFrame('x'.repeat(65_535)), /^a CONNECT of 65551 bytes/],
    ['a client id with NUL', connectFrame('a\0b'), /^a client id or user that is not UTF-8/],
    ['an empty client id with a session', connectFrame('', false), /^an empty client id that asks/],
    ['a will on a filter', connectWithWill('labs/#'), /^a will on what is no topic/],
    ['a will on no topic', connectWithWill(''), /^a will on what is no topic/],
    ['a will at QoS 3', connectWithWill('gone', 0x18), /^a will at QoS 3/],
    ['a protocol that is another', frame(0x10, Buffer.from('\0\x04MQXX\x04\x02\0\0\0\x01x')), /protocolId/],
    [
      'a level of protocol that is none',
      frame(0x10, Buffer.from('\0\x04MQTT\x09\x02\0\0\0\x01x')),
      /version/,
    ],
    // The MQTT library lets the first pass, and says nothing of the second.
    [
      'an UNSUBSCRIBE of nothing',
      Buffer.concat([connectFrame('plain'), Buffer.from([0xa2, 2, 0, 1])]),
      /too early/,
    ],
    ['a CONNACK', Buffer.concat([connectFrame('plain'), Buffer.from([0x20, 2, 0, 0])]), /the byte 0x20/],
    ...[CONNECT_KEEPING_SESSION, connectFrame('plain')].flatMap((connect, i) =>
      BEHIND_CONNECT.map(([what, bytes, reason]): [string, Buffer, RegExp] => [
        `${what}, of a client ${i === 0 ? 'with' : 'without'} a session`,
        Buffer.concat([connect, bytes]),
        reason,
      ]),
    ),
  ];
  for (const [what, bytes, reason] of cases)
    test(what, async (t) => {
      const scene = await Scene.open(t);
      const good = await scene.client({ keepalive: 1 });
      const socket = await scene.socket();
      socket.resume();
      socket.write(bytes);
      await until(() => socket.closed);
      await good.publishAsync(TOPIC, UNTIMED, { qos: 1 });
      assert.deepEqual(scene.counts, { committed: 1, duplicate: 0, rejected: {} });
      assert.equal(scene.broker.connections, 1);
      assert.deepEqual(
        scene.log.lines.map(({ msg, address }) => [msg, address]),
        [['connection ended', '127.0.0.1']],
      );
      assert.match(scene.log.reasons[0]!, reason);
    });

  for (const protocolVersion of [4, 5] as const)
    test(`publishes on the topics of the broker go nowhere, and the connection goes on (version ${protocolVersion})`, async (t) => {
      const scene = await Scene.open(t);
      const client = await scene.client({ protocolVersion });
      const topics: string[] = [];
      client.on('message', (topic) => topics.push(topic));
      await client.subscribeAsync(['#', '$SYS/#', '$x'], { qos: 1 });
      const answers: (number | undefined)[] = [];
      for (const qos of [0, 1, 2] as const)
        for (const topic of ['$SYS/x', '$share/g/x', '$x'])
          await client.publishAsync(topic, 'x', { qos, retain: qos === 1 }).then(
            () => answers.push(0),
            ({ code }) => answers.push(code),
          );
      // MQTT 3.1.1 has no way to say so [MQTT-3.3.5-2].
      const refused = protocolVersion === 5 ? 0x87 : 0;
      assert.deepEqual(answers, [0, 0, 0, ...times(6, () => refused)]);
      await client.publishAsync('end', 'x', { qos: 1 });
      await until(() => topics.includes('end'));
      assert.deepEqual(topics, ['end']);
      assert.equal(scene.broker.counters.reservedRefused, 9);
      assert.deepEqual(scene.log.messages, ['publish refused']);
    });

  test('a client id that is refused is told so', async (t) => {
    const scene = await Scene.open(t);
    const { socket, answers } = await scene.exchange(connectFrame('', false));
    await until(() => socket.closed);
    // CONNACK, identifier rejected [MQTT-3.1.3-8].
    assert.deepEqual([...answers()], [0x20, 2, 0, 2]);
  });
});

describe('unusual MQTT is served like any other:', { concurrency: true }, () => {
  const ids = [
    '',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    '🌡️',
    ' ',
    'a/b+c#',
    '$SYS',
    'x'.repeat(16_000),
  ];
  for (const id of ids)
    test(`the client id ${JSON.stringify(id.slice(0, 20))}`, async (t) => {
      const scene = await Scene.open(t);
      const clean = id === '';
      const first = await scene.client({ clientId: id, clean });
      await first.subscribeAsync('labs/#', { qos: 1 });
      await first.endAsync();
      const other = await scene.client();
      await other.publishAsync(TOPIC, UNTIMED, { qos: 1 });
      const { socket, answers } = await scene.exchange(connectFrame(id, clean));
      socket.write(publishFrame({ qos: 2, id: 7 }));
      await until(() => answers().includes(Buffer.from([0x50, 2, 0, 7])));
      // Its session has kept what was published meanwhile.
      assert.equal(answers().includes(UNTIMED), !clean);
      assert.deepEqual([...answers().subarray(0, 4)], [0x20, 2, clean ? 0 : 1, 0]);
      assert.equal(scene.counts.committed, 2);
    });

  for (const [what, last] of [
    ['DISCONNECT', frame(0xe0, Buffer.alloc(0))],
    ['a second CONNECT', CONNECT_KEEPING_SESSION],
  ] as const)
    test(`what stands behind ${what} is nobody's`, async (t) => {
      const scene = await Scene.open(t);
      const before = publishFrame({ qos: 1, id: 1 });
      const behind = publishFrame({ qos: 1, id: 2, topic: 'labs/behind/observation' });
      const { socket } = await scene.exchange(afterConnect(before, last, behind, behind));
      socket.resume();
      await until(() => socket.closed && scene.intake.ledger.counters().in_flight === 0);
      assert.equal(scene.intake.ledger.counters().received, 1);
    });

  test('DUP at QoS 0', async (t) => {
    const scene = await Scene.open(t);
    const socket = await scene.socket();
    const body = publishFrame({ qos: 1, id: 1 }).subarray(2);
    const withoutId = Buffer.concat([body.subarray(0, 2 + TOPIC.length), body.subarray(4 + TOPIC.length)]);
    socket.write(afterConnect(frame(0x38, withoutId)));
    await until(() => scene.counts.committed === 1);
  });

  test('topics of 65,535 bytes', async (t) => {
    const scene = await Scene.open(t);
    const subscriber = await scene.client();
    const topics: string[] = [];
    subscriber.on('message', (topic) => topics.push(topic));
    await subscriber.subscribeAsync('#', { qos: 1 });
    const long = 'x'.repeat(65_535 - TOPIC.length + 1);
    const [observation, other] = [`labs/${long}/observation`, `${TOPIC}${long.slice(1)}`];
    const publisher = await scene.client();
    for (const topic of [observation, other]) await publisher.publishAsync(topic, UNTIMED, { qos: 1 });
    await until(() => topics.length === 2);
    assert.deepEqual(topics, [observation, other]);
    assert.deepEqual(scene.counts, { committed: 0, duplicate: 0, rejected: { lab_id: 1 } });
  });

  test('topics that are not ASCII', async (t) => {
    const scene = await Scene.open(t);
    const client = await scene.client();
    const topics: string[] = [];
    client.on('message', (topic) => topics.push(topic));
    await client.subscribeAsync('#', { qos: 1 });
    const sent = ['labs/Küche/observation', 'labs/🌡️/observation', 'Küche/🌡️', 'labs/a b/observation'];
    for (const topic of sent) await client.publishAsync(topic, UNTIMED, { qos: 1 });
    await until(() => topics.length === 4);
    assert.deepEqual(topics.sort(), sent.sort());
    assert.deepEqual(scene.counts.rejected, { lab_id: 3 });
  });

  test('every packet in two pieces, whatever byte is the last of the first', async (t) => {
    const scene = await Scene.open(t);
    const packets = Buffer.concat([
      connectFrame('pieces'),
      subscribeFrame(['other/+', '$share/g/x'], 1),
      publishFrame({ qos: 1, id: 1 }),
      publishFrame({ qos: 1, id: 2, topic: 'other/a', payload: 'x' }),
      publishFrame({ qos: 2, id: 3 }),
      // PUBREL, UNSUBSCRIBE, PINGREQ.
      frame(0x62, Buffer.from([0, 3])),
      frame(0xa2, Buffer.from('\0\x04\0\x07other/+')),
      PINGREQ,
    ]);
    const answersTo = async (...pieces: Buffer[]) => {
      const socket = await scene.socket();
      const answers = bytesOf(socket);
      for (const piece of pieces) {
        socket.write(piece);
        for (let i = 0; i < 3; i++) await new Promise(setImmediate);
      }
      await until(() => answers().length >= expectedBytes);
      socket.destroy();
      return answers();
    };
    // CONNACK 4, SUBACK 6, PUBACK 4 and 4, the delivery, PUBREC 4, PUBCOMP 4, UNSUBACK 4, PINGRESP 2.
    const delivery = publishFrame({ qos: 1, id: 1, topic: 'other/a', payload: 'x' }).length;
    const expectedBytes = 4 + 6 + 4 + 4 + delivery + 4 + 4 + 4 + 2;
    for (let at = 1; at < packets.length; at++) {
      const answers = await answersTo(packets.subarray(0, at), packets.subarray(at));
      assert.equal(answers.length, expectedBytes, `in two at ${at}`);
      assert.ok(answers.includes(PUBACK_1));
    }
    assert.deepEqual(scene.counts, { committed: (packets.length - 1) * 2, duplicate: 0, rejected: {} });
  });

  test('every piece of one byte', async (t) => {
    const scene = await Scene.open(t);
    const socket = await scene.socket();
    const answers = bytesOf(socket);
    for (const byte of afterConnect(publishFrame({ qos: 1, id: 1 }))) {
      socket.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    await until(() => answers().includes(PUBACK_1));
    assert.equal(scene.counts.committed, 1);
  });

  test('publishes that nobody receives, in between observations, all in one piece', async (t) => {
    const scene = await Scene.open(t);
    const { socket, answers } = await scene.exchange(connectFrame('p'));
    await until(() => answers().length === 4);
    const atQos0 = frame(0x30, Buffer.from('\0\x05otherx'));
    for (let i = 0; i < 2; i++)
      socket.write(
        Buffer.concat(
          times(50, (k) => Buffer.concat([atQos0, publishFrame({ qos: 1, id: i * 50 + k + 1 })])),
        ),
      );
    socket.write(publishFrame({ qos: 1, id: 101, topic: 'other' }));
    await until(() => answers().length === 4 + 101 * 4);
    assert.equal(scene.counts.committed, 100);
  });

  test('publishes right behind CONNECT, more than fit into one piece', async (t) => {
    const scene = await Scene.open(t);
    const { answers } = await scene.exchange(
      Buffer.concat([connectFrame('p'), ...times(5000, (i) => publishFrame({ qos: 1, id: i + 1 }))]),
    );
    await until(() => answers().length === 4 + 5000 * 4);
    assert.equal(scene.counts.committed, 5000);
  });
});

describe('connections that say little hold up nobody:', { concurrency: true }, () => {
  test('a byte and then silence', async (t) => {
    const scene = await Scene.open(t, { connectTimeoutMs: 300 });
    const sockets = await Promise.all(times(20, () => scene.socket()));
    for (const [i, socket] of sockets.entries())
      socket.resume().write(CONNECT_KEEPING_SESSION.subarray(0, i % 15));
    const good = await scene.client();
    await good.publishAsync(TOPIC, UNTIMED, { qos: 1 });
    assert.equal(scene.counts.committed, 1);
    await until(() => sockets.every((socket) => socket.closed));
    assert.deepEqual(scene.log.reasons, ['connect did not arrive in time']);
  });

  test('two thousand that are idle, and some that are half open', async (t) => {
    const scene = await Scene.open(t);
    for (let i = 0; i < 20; i++)
      await Promise.all(
        times(100, async (k) => {
          const socket = await scene.socket();
          socket.resume();
          if (k < 90) socket.write(connectFrame(`idle-${i}-${k}`));
        }),
      );
    await until(() => scene.broker.connections === 2000);
    const [publisher, subscriber] = [await scene.client(), await scene.client()];
    let received = 0;
    subscriber.on('message', () => {
      received += 1;
    });
    await subscriber.subscribeAsync('labs/#', { qos: 1 });
    await Promise.all(times(1000, () => publisher.publishAsync(TOPIC, UNTIMED, { qos: 1 })));
    await until(() => received === 1000);
    assert.equal(scene.counts.committed, 1000);
  });
});
