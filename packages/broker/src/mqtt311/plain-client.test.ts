import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { noOpenHandles, times, until } from '@humtemp/test-services';
import {
  connectFrame,
  frame,
  PINGREQ,
  PINGRESP,
  publishFrame,
  Scene,
  subscribeFrame,
} from '../broker.fixture.js';
import { readPlainConnect } from './plain-connect.js';

after(noOpenHandles);

const CONNACK = '20020000';
const hex = (bytes: Buffer) => bytes.toString('hex');

test('what a client says is answered in its order, whatever stands in one piece of bytes', async (t) => {
  const scene = await Scene.open(t);
  const { socket, answers } = await scene.exchange(connectFrame('sensor'));
  await until(() => hex(answers()) === CONNACK);
  socket.write(Buffer.concat([PINGREQ, publishFrame({ qos: 1, id: 1 }), PINGREQ]));
  await until(() => answers().length === 4 + 2 + 2 + 4);
  assert.ok(answers().includes(PINGRESP));
  // More than is worked on at once, with observations in between.
  const mixed = times(100, (i) =>
    i % 2 === 0
      ? publishFrame({ qos: 1, id: i + 2, topic: 'other/topic', payload: `${i}` })
      : publishFrame({
          qos: 1,
          id: i + 2,
          payload: `{"timestamp":${Math.floor(Date.now() / 1000) - i},"temp":20}`,
        }),
  );
  const reader = await scene.client();
  const got: string[] = [];
  reader.on('message', (_topic, payload) => got.push(payload.toString()));
  await reader.subscribeAsync('other/topic');
  socket.write(Buffer.concat([subscribeFrame(['x'], 1), ...mixed]));
  await until(() => got.length === 50 && answers().length === 4 + 2 + 2 + 4 + 5 + 100 * 4);
  assert.deepEqual(
    got,
    times(50, (i) => `${2 * i}`),
  );
  assert.equal(scene.counts.committed, 51);
  assert.equal(scene.counts.duplicate, 0);
});

test('a publish at QoS 2 is counted and delivered once, until it is released or its connection has ended', async (t) => {
  const scene = await Scene.open(t);
  const reader = await scene.client();
  const got: string[] = [];
  reader.on('message', (_topic, payload) => got.push(payload.toString()));
  await reader.subscribeAsync('labs/#');
  const publishOf = (number: number) =>
    publishFrame({
      qos: 2,
      id: 7,
      payload: `{"timestamp":${Math.floor(Date.now() / 1000)},"temp":${number}}`,
    });
  const pubrec = '50020007';
  const pubcomp = '70020007';
  const [first, again, released] = [publishOf(1), publishOf(1), publishOf(2)];
  again[0]! |= 8;
  const pubrel = Buffer.from([0x62, 2, 0, 7]);
  const { socket, answers } = await scene.exchange(connectFrame('sensor'));
  socket.write(Buffer.concat([first, again]));
  await until(() => hex(answers()) === CONNACK + pubrec + pubrec);
  socket.write(Buffer.concat([pubrel, pubrel, released]));
  await until(() => hex(answers()) === CONNACK + pubrec + pubrec + pubcomp + pubcomp + pubrec);
  assert.equal(scene.broker.budgets.receipts.used > 0, true);
  socket.destroy();
  await until(() => scene.broker.connections === 1);
  assert.equal(scene.broker.budgets.receipts.used, 0);
  // The packet id is of another publish now, although it says that it is sent again.
  const next = publishOf(3);
  next[0]! |= 8;
  const second = await scene.exchange(connectFrame('sensor'));
  second.socket.write(next);
  await until(() => hex(second.answers()) === CONNACK + pubrec);
  await until(() => got.length === 3);
  assert.deepEqual(
    got.map((payload) => JSON.parse(payload).temp),
    [1, 2, 3],
  );
  assert.equal(scene.counts.committed, 3);
});

test('nothing of a client without a session is left to one with a session that takes over its id', async (t) => {
  const scene = await Scene.open(t);
  const { socket, answers } = await scene.exchange(connectFrame('one'));
  socket.write(Buffer.concat([publishFrame({ qos: 2, id: 7, topic: 'x' }), subscribeFrame(['y'], 1)]));
  await until(() => hex(answers()).endsWith('9003000101'));
  const second = await scene.exchange(connectFrame('one', false));
  await until(() => hex(second.answers()) === CONNACK && socket.closed);
  assert.equal(scene.broker.budgets.receipts.used, 0);
  second.socket.write(publishFrame({ qos: 2, id: 7, topic: 'z' }));
  await until(() => hex(second.answers()) === `${CONNACK}50020007`);
});

test('a client gets what it subscribes to until it unsubscribes, and may end a handshake of QoS 2 with any packet', async (t) => {
  const scene = await Scene.open(t);
  const publisher = await scene.client();
  await publisher.publishAsync('kept', 'k', { qos: 2, retain: true });
  const { socket, answers } = await scene.exchange(connectFrame('reader'));
  socket.write(subscribeFrame(['kept', 'x/+', 'x/y'], 2));
  const suback = '9005000102020' + '2';
  const kept = hex(publishFrame({ qos: 2, id: 1, topic: 'kept', payload: 'k' }));
  const retained = `35${kept.slice(2)}`;
  await until(() => hex(answers()) === CONNACK + suback + retained);
  await publisher.publishAsync('x/y', '1', { qos: 2 });
  const delivered = hex(publishFrame({ qos: 2, id: 2, topic: 'x/y', payload: '1' }));
  await until(() => hex(answers()) === CONNACK + suback + retained + delivered);
  // PUBREC of one of them, PUBACK and PUBCOMP of others; then UNSUBSCRIBE.
  socket.write(Buffer.from([0x50, 2, 0, 2, 0x40, 2, 0, 9, 0x70, 2, 0, 2]));
  socket.write(frame(0xa2, Buffer.from('\0\x05\0\x03x/+\0\x03x/y', 'latin1')));
  await until(() => hex(answers()).endsWith('62020002' + 'b0020005'));
  await publisher.publishAsync('x/y', '2', { qos: 2 });
  socket.write(PINGREQ);
  await until(() => hex(answers()).endsWith(`b0020005${hex(PINGRESP)}`));
});

test('of two clients with one id the older one ends, whoever speaks with them', async (t) => {
  const scene = await Scene.open(t);
  const plain = async () => {
    const { socket, answers } = await scene.exchange(connectFrame('one'));
    await until(() => hex(answers()) === CONNACK);
    return socket;
  };
  const whole = async () => {
    const { socket, answers } = await scene.exchange(connectFrame('one', false));
    await until(() => hex(answers()) === CONNACK);
    return socket;
  };
  const five = async () => (await scene.client({ clientId: 'one', protocolVersion: 5 })).stream;
  const all = [plain, plain, whole, plain, five, plain, whole, whole, five, whole];
  let before = await all[0]!();
  for (const [i, open] of all.entries()) {
    if (i === 0) continue;
    const next = await open();
    await until(() => before.destroyed || (before as { closed?: boolean }).closed === true);
    // The broker serves the newer one alone, once it has noticed the end of the older one's socket.
    await until(() => scene.broker.connections === 1);
    assert.equal((next as typeof before).destroyed, false);
    before = next as typeof before;
  }
  assert.equal(scene.broker.counters.takenOver, all.length - 1);
});

test('a CONNECT is plain that asks for no session, leaves no will, and is well-formed', () => {
  const plain = connectFrame('a');
  assert.equal(readPlainConnect(plain)?.clientId, 'a');
  assert.equal(readPlainConnect(plain.subarray(0, plain.length - 1)), undefined);
  const with1 = (at: number, byte: number) => {
    const frame = Buffer.from(plain);
    frame[at] = byte;
    return readPlainConnect(frame);
  };
  // Version, flags: a session, a will, a reserved bit, a password without a user, a user that is not there.
  for (const [at, byte] of [
    [8, 3],
    [8, 5],
    [9, 0],
    [9, 6],
    [9, 3],
    [9, 0x42],
    [9, 0x82],
  ] as const)
    assert.equal(with1(at, byte), undefined, `${at} ${byte}`);
});

test('a fault that a client brings to light ends its connection, and no other', async (t) => {
  const scene = await Scene.open(
    t,
    {},
    {
      access: {
        version: 1,
        close() {},
        authenticate: async (user: string | undefined) => {
          if (user === 'odd') throw new Error('odd');
          return 'accepted';
        },
      } as never,
    },
  );
  const other = await scene.client();
  const text = (value: string) => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)]);
  const variable = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0x82, 0, 60]);
  const { socket } = await scene.exchange(frame(0x10, Buffer.concat([variable, text('a'), text('odd')])));
  await until(() => socket.closed);
  assert.equal(scene.broker.connections, 1);
  assert.ok(scene.log.messages.includes('connection ended by a fault of the broker'));
  await other.endAsync();
});
