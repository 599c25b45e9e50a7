import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { noOpenHandles, TOPIC, UNTIMED, until } from '@humtemp/test-services';
import { frame, Scene } from '../broker.fixture.js';
import { RawClient } from './raw-client.fixture.js';

after(noOpenHandles);

const MALFORMED = 0x81;
const PROTOCOL_ERROR = 0x82;
const OVER = [MALFORMED, PROTOCOL_ERROR] as const;

const text = (value: string | Buffer) => {
  const bytes = Buffer.from(value);
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
};
/** Properties of fewer than 128 bytes. */
const properties = (...values: number[][]) => [values.flat().length, ...values.flat()];
const NONE = properties();
const bytes = (header: number, ...parts: number[][]) => frame(header, Buffer.from(parts.flat()));

const EXPIRY = [0x11, 0, 0, 0, 9];
const RECEIVE_MAX_0 = [0x21, 0, 0];
const RECEIVE_MAX_9 = [0x21, 0, 9];
const IDENTIFIER_1 = [0x0b, 1];
const USER = [0x26, ...text('a'), ...text('b')];
const ILL_FORMED = Buffer.from([0xff]);

const connect = (flags: number, of: number[], ...payload: number[][]) =>
  bytes(0x10, text('MQTT'), [5, flags, 0, 60], of, ...payload);
const id = text('x');
const will = (of: number[]) => connect(6, NONE, id, of, text('t'), text('gone'));
const subscribe = (of: number[], ...filters: number[][]) => bytes(0x82, [0, 1], of, ...filters);
const publish = (of: number[], topic = 't') => bytes(0x30, text(topic), of, [0x78]);

type Case = readonly [what: string, codes: readonly number[], bytes: Buffer];

const CONNECTS: readonly Case[] = [
  ['an expiry twice', OVER, connect(2, properties(EXPIRY, EXPIRY), id)],
  ['a receive maximum twice', OVER, connect(2, properties(RECEIVE_MAX_9, RECEIVE_MAX_9), id)],
  ['a receive maximum of 0', OVER, connect(2, properties(RECEIVE_MAX_0), id)],
  ['a packet size of 0', OVER, connect(2, properties([0x27, 0, 0, 0, 0]), id)],
  ['a packet size twice', OVER, connect(2, properties([0x27, 0, 0, 1, 0], [0x27, 0, 0, 1, 0]), id)],
  ['a wish for reasons that is neither yes nor no', OVER, connect(2, properties([0x17, 2]), id)],
  ['a wish for information that is neither', OVER, connect(2, properties([0x19, 2]), id)],
  ['a property that there is not', OVER, connect(2, properties([0x7f, 1]), id)],
  ['a property of another packet', OVER, connect(2, properties(IDENTIFIER_1), id)],
  ['a property of the server', OVER, connect(2, properties([0x12, ...text('y')]), id)],
  [
    'a user property that is no UTF-8',
    OVER,
    connect(2, properties([0x26, ...text(ILL_FORMED), ...text('b')]), id),
  ],
  ['properties that end too early', OVER, connect(2, [3, 0x11, 0, 0], id)],
  ['properties that are longer than the packet', OVER, connect(2, [100, ...EXPIRY], id)],
  ['the reserved flag', OVER, connect(3, NONE, id)],
  ['a will at QoS 3', OVER, connect(0x1e, NONE, id, NONE, text('t'), text('gone'))],
  ['a retained will that there is not', OVER, connect(0x22, NONE, id)],
  ['a QoS of a will that there is not', OVER, connect(0x0a, NONE, id)],
  ['a will with a delay twice', OVER, will(properties([0x18, 0, 0, 0, 1], [0x18, 0, 0, 0, 1]))],
  ['a will with a format that there is not', OVER, will(properties([1, 2]))],
  ['a will with a topic alias', OVER, will(properties([0x23, 0, 1]))],
  ['a will on no topic', [0x90], connect(6, NONE, id, NONE, text('a/#'), text('gone'))],
  ['authentication', [0x8c], connect(2, properties([0x15, ...text('SCRAM')]), id)],
  ['data of an authentication alone', OVER, connect(2, properties([0x16, ...text('x')]), id)],
  ['a client id that is no UTF-8', [MALFORMED, 0x85], connect(2, NONE, text(ILL_FORMED))],
  ['no client id', OVER, connect(2, NONE)],
  ['more than it should', OVER, connect(2, NONE, id, [0, 0])],
];

const PACKETS: readonly Case[] = [
  ['SUBSCRIBE with other flags', OVER, bytes(0x80, [0, 1], NONE, text('t'), [0])],
  ['SUBSCRIBE to nothing', OVER, subscribe(NONE)],
  ['SUBSCRIBE with packet id 0', OVER, bytes(0x82, [0, 0], NONE, text('t'), [0])],
  ['SUBSCRIBE at QoS 3', OVER, subscribe(NONE, text('t'), [3])],
  ['SUBSCRIBE with a retain handling of 3', OVER, subscribe(NONE, text('t'), [0x30])],
  ['SUBSCRIBE with reserved bits', OVER, subscribe(NONE, text('t'), [0x40])],
  ['SUBSCRIBE without options', OVER, subscribe(NONE, text('t'))],
  ['SUBSCRIBE with an identifier of 0', OVER, subscribe(properties([0x0b, 0]), text('t'), [0])],
  ['SUBSCRIBE with two identifiers', OVER, subscribe(properties(IDENTIFIER_1, IDENTIFIER_1), text('t'), [0])],
  ['SUBSCRIBE with an expiry', OVER, subscribe(properties(EXPIRY), text('t'), [0])],
  ['SUBSCRIBE to what is no UTF-8', OVER, subscribe(NONE, text(ILL_FORMED), [0])],
  ['SUBSCRIBE to what has a NUL', OVER, subscribe(NONE, text('a\0'), [0])],
  ['SUBSCRIBE to a share with No Local', OVER, subscribe(NONE, text('$share/g/t'), [4])],
  ['UNSUBSCRIBE with other flags', OVER, bytes(0xa0, [0, 1], NONE, text('t'))],
  ['UNSUBSCRIBE of nothing', OVER, bytes(0xa2, [0, 1], NONE)],
  ['UNSUBSCRIBE with packet id 0', OVER, bytes(0xa2, [0, 0], NONE, text('t'))],
  ['UNSUBSCRIBE with an expiry', OVER, bytes(0xa2, [0, 1], properties(EXPIRY), text('t'))],
  ['UNSUBSCRIBE of what is no UTF-8', OVER, bytes(0xa2, [0, 1], NONE, text(ILL_FORMED))],
  ['PUBACK with flags', OVER, bytes(0x41, [0, 1])],
  ['PUBACK of one byte', OVER, bytes(0x40, [0])],
  ['PUBACK with a reason that there is not', OVER, bytes(0x40, [0, 1, 0x55])],
  ['PUBACK with a property of others', OVER, bytes(0x40, [0, 1, 0], properties(EXPIRY))],
  ['PUBREL with other flags', OVER, bytes(0x60, [0, 1])],
  ['PUBREL with a reason that there is not', OVER, bytes(0x62, [0, 1, 0x55])],
  ['PINGREQ with flags', OVER, bytes(0xc1)],
  ['PINGREQ with a body', OVER, bytes(0xc0, [0])],
  ['DISCONNECT with flags', OVER, bytes(0xe1)],
  ['DISCONNECT with an expiry, where there was none', OVER, bytes(0xe0, [0], properties(EXPIRY))],
  ['DISCONNECT with an expiry twice', OVER, bytes(0xe0, [0], properties(EXPIRY, EXPIRY))],
  ['DISCONNECT with a reason that there is not', OVER, bytes(0xe0, [0x55])],
  ['DISCONNECT that names another server', OVER, bytes(0xe0, [0], properties([0x1c, ...text('y')]))],
  ['AUTH', OVER, bytes(0xf0, [0x18], properties([0x15, ...text('SCRAM')]))],
  ['a packet of type 0', OVER, bytes(0x00)],
  ['CONNACK', OVER, bytes(0x20, [0, 0, 0])],
  ['SUBACK', OVER, bytes(0x90, [0, 1, 0, 0])],
  ['UNSUBACK', OVER, bytes(0xb0, [0, 1, 0, 0])],
  ['PINGRESP', OVER, bytes(0xd0)],
  ['PUBLISH with topic alias 0', [0x94], publish(properties([0x23, 0, 0]))],
  ['PUBLISH with a topic alias twice', OVER, publish(properties([0x23, 0, 1], [0x23, 0, 1]))],
  ['PUBLISH with an alias of nothing', OVER, publish(properties([0x23, 0, 1]), '')],
  ['PUBLISH without a topic', OVER, publish(NONE, '')],
  ['PUBLISH with a format that there is not', OVER, publish(properties([1, 2]))],
  ['PUBLISH with an expiry twice', OVER, publish(properties([2, 0, 0, 0, 1], [2, 0, 0, 0, 1]))],
  ['PUBLISH with a subscription identifier', OVER, publish(properties(IDENTIFIER_1))],
  ['PUBLISH with an answer to a wildcard', OVER, publish(properties([8, ...text('a/#')]))],
  ['PUBLISH with an answer to no UTF-8', OVER, publish(properties([8, ...text(ILL_FORMED)]))],
  ['PUBLISH with a will delay', OVER, publish(properties([0x18, 0, 0, 0, 1]))],
  ['PUBLISH with properties beyond it', OVER, publish([100])],
  ['an observation with properties beyond it', OVER, publish([100], TOPIC)],
  [
    'an observation with a length of properties of five bytes',
    OVER,
    publish([0xff, 0xff, 0xff, 0xff, 1], TOPIC),
  ],
  ['an observation with topic alias 0', [0x94], publish(properties([0x23, 0, 0]), TOPIC)],
  ['an observation with a property twice', OVER, publish(properties([1, 0], [1, 0]), TOPIC)],
];

/** What of MQTT 5 is not forbidden, though it is odd. */
const ODD: readonly [what: string, bytes: Buffer][] = [
  ['SUBSCRIBE with user properties, one twice', subscribe(properties(USER, USER), text('t'), [0])],
  ['SUBSCRIBE to what is no filter', subscribe(NONE, text('a/#/b'), [0])],
  ['SUBSCRIBE to shares of nothing', subscribe(NONE, text('$share//t'), [0], text('$share/g/'), [0])],
  ['PUBACK of what was not sent', bytes(0x40, [0, 9])],
  ['PUBREC of what was not sent', bytes(0x50, [0, 9])],
  ['PUBREL of what was not sent', bytes(0x62, [0, 9, 0x92], properties([0x1f, ...text('y')], USER))],
  ['PUBCOMP of what was not sent', bytes(0x70, [0, 9])],
];

describe('a client of MQTT 5 that breaks a rule', { concurrency: true }, () => {
  test('in its CONNECT is refused with the reason', async (t) => {
    const scene = await Scene.open(t);
    const answers = new Map<string, string>();
    for (const [what, codes, sent] of CONNECTS) {
      const { socket, answers: received } = await scene.exchange(sent);
      await until(() => received().length > 0 || socket.closed);
      const [header, , , code] = received();
      if (header !== 0x20 || !codes.includes(code!)) answers.set(what, received().toString('hex') || 'none');
      socket.destroy();
    }
    assert.deepEqual([...answers], []);
    await until(() => scene.broker.connections === 0);
  });

  test('is disconnected with the reason, and nobody else', async (t) => {
    const scene = await Scene.open(t);
    const other = await RawClient.open(scene, 'other');
    const answers = new Map<string, string>();
    for (const [what, codes, sent] of PACKETS) {
      const client = await RawClient.open(scene, 'x');
      client.write(sent);
      // Whoever is not disconnected gets an answer to this.
      client.send({ cmd: 'pingreq' });
      await until(() => client.isClosed || client.packets.some(({ cmd }) => cmd === 'pingresp'));
      const end = client.packets.find(({ cmd }) => cmd === 'disconnect') as
        | { reasonCode?: number }
        | undefined;
      if (!codes.includes(end?.reasonCode ?? 0))
        answers.set(
          what,
          client.packets.map((packet) => `${packet.cmd} ${end?.reasonCode}`).join() || 'none',
        );
      client.send({ cmd: 'disconnect', reasonCode: 0 });
      await until(() => client.isClosed);
    }
    assert.deepEqual([...answers], []);
    assert.deepEqual(await other.settled(), []);
    assert.equal(scene.counts.committed, 0);
    await until(() => scene.broker.connections === 1);
  });

  test('is served where nothing forbids what it does', async (t) => {
    const scene = await Scene.open(t);
    const client = await RawClient.open(scene, 'x');
    for (const [what, sent] of ODD) {
      client.write(sent);
      await client.settled();
      assert.equal(client.isClosed, false, what);
    }
    client.publish(TOPIC, UNTIMED, { qos: 1, messageId: 1 });
    assert.equal((await client.next('puback')).reasonCode ?? 0, 0);
  });
});
