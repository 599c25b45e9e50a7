import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { times } from '@humtemp/test-services';
import type { PublishPacket } from 'aedes';
import { PublishQueue, type PublishWay } from './publish-queue.js';

type Emit = PublishWay['emit'];
type Publish = PublishWay['publish'];

const packet = (topic: string) => ({ topic }) as PublishPacket;

/** A queue whose publishes go the way of aedes: numbered, and emitted at once unless told otherwise. */
function queueOf(emit: Emit, emitLater?: (emitNow: () => void, done: () => void, topic: string) => void) {
  let counter = 0;
  const publish: Publish = (packet, _client, done) => {
    if (packet.topic === 'refused') {
      setImmediate(done);
      return;
    }
    counter += 1;
    const emitNow = () => queue.emit(packet, done);
    if (emitLater === undefined) emitNow();
    else emitLater(emitNow, done, packet.topic);
  };
  const queue = new PublishQueue({
    get counter() {
      return counter;
    },
    publish,
    emit,
  });
  return queue;
}

describe('the queue of publishes', () => {
  test('has a hundred at a time under way, the others in order', () => {
    const ends: (() => void)[] = [];
    const begun: string[] = [];
    const ended: string[] = [];
    const queue = queueOf(({ topic }, callback) => {
      begun.push(topic);
      ends.push(callback);
    });
    for (let i = 0; i < 1000; i++) queue.publish(packet(`${i}`), null, () => ended.push(`${i}`));
    assert.equal(begun.length, 100);
    for (let i = 0; i < 1000; i++) {
      ends[i]!();
      assert.equal(begun.length, Math.min(1000, 101 + i));
    }
    assert.deepEqual(begun, times(1000, String));
    assert.deepEqual(ended, begun);
  });

  test('takes up any number that end at once, and what they bring', () => {
    let isHeld = true;
    const held: (() => void)[] = [];
    const queue = queueOf((_packet, callback) => {
      if (isHeld) held.push(callback);
      else callback();
    });
    let ended = 0;
    for (let i = 0; i < 200_000; i++)
      queue.publish(packet('a'), null, () => {
        ended += 1;
        if (i < 1000) queue.publish(packet('b'), null, () => (ended += 1));
      });
    isHeld = false;
    held[0]!();
    // All but those that are still held, and what they would bring.
    assert.equal(ended, 200_000 - 99 + 1000 - 99);
    for (const end of held.slice(1)) end();
    assert.equal(ended, 201_000);
  });

  test('numbers one once the one before is at its subscribers or has failed; a refused one holds up nothing', async () => {
    const began: string[] = [];
    const emitted: string[] = [];
    let go: (() => void) | undefined;
    const queue = queueOf(
      ({ topic }, callback) => {
        emitted.push(topic);
        callback();
      },
      (emitNow, fail, topic) => {
        began.push(topic);
        if (topic === 'at once') emitNow();
        else go = topic === 'fails' ? fail : emitNow;
      },
    );
    const ended: string[] = [];
    for (const topic of ['refused', 'late', 'at once', 'refused', 'fails', 'refused', 'refused', 'at once'])
      queue.publish(packet(topic), null, () => ended.push(topic));
    assert.deepEqual(began, ['late']);
    go!();
    assert.deepEqual(began, ['late', 'at once', 'fails']);
    go!();
    assert.deepEqual(emitted, ['late', 'at once', 'at once']);
    assert.deepEqual(ended, ['late', 'at once', 'fails', 'at once']);
    await new Promise(setImmediate);
    assert.deepEqual(
      ended.slice(4),
      times(4, () => 'refused'),
    );
  });
});
