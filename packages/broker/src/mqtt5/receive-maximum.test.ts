import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { noOpenHandles, TOPIC, times, UNTIMED, until } from '@humtemp/test-services';
import { Scene } from '../broker.fixture.js';
import { RECEIVE_MAX } from './mqtt5-client.js';
import { frame5, RawClient } from './raw-client.fixture.js';

after(noOpenHandles);

/** More than may be in flight. */
const MANY = 3 * RECEIVE_MAX;
/** What may stand in the piece of bytes with which the maximum is reached. */
const PIECE_BYTES = 16_384;

const ids = times(MANY, (i) => i + 1);
const publishes = (qos: 1 | 2) =>
  ids.map((messageId) =>
    frame5({ cmd: 'publish', topic: TOPIC, payload: UNTIMED, qos, messageId, dup: false, retain: false }),
  );

describe('a client of MQTT 5 that keeps no receive maximum', { concurrency: true }, () => {
  test('is not read from beyond it at QoS 1, and all that it sent counts', async (t) => {
    const scene = await Scene.open(t);
    const client = await RawClient.open(scene, 'x', { keepalive: 1 });
    const frames = publishes(1);
    scene.held.hold();
    client.write(Buffer.concat(frames));
    const receivedMax = RECEIVE_MAX + 1 + Math.ceil(PIECE_BYTES / frames[0]!.length);
    const received = () => scene.intake.ledger.counters().received;
    await until(() => received() > RECEIVE_MAX);
    // It is held back: its pings are answered for it, which it has not sent.
    await client.next('pingresp');
    assert.ok(received() <= receivedMax, `${received()} of at most ${receivedMax}`);
    scene.held.release();
    for (const messageId of ids) assert.equal((await client.next('puback')).messageId, messageId);
    assert.equal(scene.counts.committed, MANY);
    assert.deepEqual([client.isClosed, scene.log.messages], [false, []]);
  });

  test('is told so at QoS 2, where the second half must be read', async (t) => {
    const scene = await Scene.open(t);
    const client = await RawClient.open(scene, 'x');
    client.write(Buffer.concat(publishes(2)));
    assert.equal((await client.next('disconnect')).reasonCode, 0x93);
    await until(() => client.isClosed);
    await until(() => scene.counts.committed === RECEIVE_MAX);
  });

  test('is not read from beyond it, whichever way its publishes go', async (t) => {
    const scene = await Scene.open(t);
    const client = await RawClient.open(scene, 'x');
    const [at1, at2] = [publishes(1), publishes(2)];
    scene.held.hold();
    const received = () => scene.intake.ledger.counters().received;
    const half = RECEIVE_MAX / 2;
    client.write(Buffer.concat(at2.slice(0, half)));
    await until(() => received() === half);
    client.write(Buffer.concat(at1.slice(half)));
    const piece = Math.ceil(PIECE_BYTES / at1[0]!.length);
    await until(() => received() > RECEIVE_MAX);
    assert.ok(received() <= RECEIVE_MAX + 1 + piece, `${received()}`);
    scene.held.release();
    // None of the first half is released: all the same, what stands behind it is read.
    for (const messageId of ids.slice(half)) assert.equal((await client.next('puback')).messageId, messageId);
    assert.equal(scene.counts.committed, MANY);
    assert.equal(client.isClosed, false);
  });

  test('may be mqtt.js with thousands of publishes at a time', async (t) => {
    const scene = await Scene.open(t);
    const client = await scene.client({ protocolVersion: 5 });
    await Promise.all(ids.map(() => client.publishAsync(TOPIC, UNTIMED, { qos: 1 })));
    assert.equal(scene.counts.committed, MANY);
    assert.deepEqual(scene.log.messages, []);
  });
});
