import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OutgoingPacket } from '../engine/aedes-internals.js';
import { OutgoingQueue } from './outgoing-queue.js';

const LIMITS = { queuedMessagesMax: 100, queuedBytesMax: 1_000_000 };

function publish(brokerCounter: number, qos: 0 | 1 | 2 = 1) {
  return { brokerId: 'b', brokerCounter, topic: 't', payload: Buffer.from(`${brokerCounter}`), qos };
}

/** As aedes sends it: with the packet id that it thinks is next. */
function sending(brokerCounter: number, messageId: number): OutgoingPacket {
  return { cmd: 'publish', ...publish(brokerCounter), messageId };
}

const counters = (queue: OutgoingQueue) => queue.packets().map(({ brokerCounter }) => brokerCounter);

describe('what waits for one session', () => {
  test('stays in order, whatever is acknowledged when', () => {
    const queue = new OutgoingQueue(LIMITS);
    for (const counter of [5, 3, 9]) queue.add(publish(counter), 1);
    for (const [counter, id] of [
      [5, 50],
      [3, 51],
      [9, 52],
    ] as const)
      queue.send(sending(counter, id));
    assert.equal(queue.removeById(51)?.brokerCounter, 3);
    assert.deepEqual(counters(queue), [5, 9]);
    assert.equal(queue.removeById(51), undefined);
    assert.equal(queue.removeById(52)?.brokerCounter, 9);
    assert.equal(queue.removeById(50)?.brokerCounter, 5);
    assert.ok(queue.isEmpty);
  });

  test('never has one packet id for two', () => {
    const queue = new OutgoingQueue(LIMITS);
    const ids = [65_534, 65_534, 65_535, 1, 65_534].map((id, i) => {
      queue.add(publish(i), 1);
      const packet = sending(i, id);
      queue.send(packet);
      return packet.messageId;
    });
    assert.deepEqual(ids, [65_534, 65_535, 1, 2, 3]);
  });

  test('is sent again under the same id, marked as a duplicate [MQTT-3.3.1-1]', () => {
    const queue = new OutgoingQueue(LIMITS);
    queue.add(publish(1), 1);
    const [first, again] = [sending(1, 7), sending(1, 900)];
    queue.send(first);
    queue.send(again);
    assert.deepEqual([first.messageId, first.dup, again.messageId, again.dup], [7, undefined, 7, true]);
  });

  test('has a publish once, at the better QoS of the subscriptions that it came for', () => {
    const queue = new OutgoingQueue(LIMITS);
    queue.add(publish(1, 2), 1);
    queue.add(publish(1, 2), 2);
    const packet = { ...sending(1, 7), qos: 1 as const };
    queue.send(packet);
    assert.equal(queue.packets().length, 1);
    assert.equal(packet.qos, 2);
  });

  test('becomes a PUBREL in its place, which goes with its PUBCOMP', () => {
    const queue = new OutgoingQueue(LIMITS);
    for (const counter of [1, 2]) {
      queue.add(publish(counter, 2), 2);
      queue.send(sending(counter, counter + 10));
    }
    queue.send({ cmd: 'pubrel', messageId: 11 });
    queue.send({ cmd: 'pubrel', messageId: 99 });
    assert.deepEqual(
      queue.packets().map(({ cmd, messageId, payload }) => [cmd, messageId, payload?.toString()]),
      [
        ['pubrel', 11, undefined],
        ['publish', 12, '2'],
      ],
    );
    queue.removeById(11);
    assert.deepEqual(counters(queue), [2]);
  });

  test('is bounded in number and bytes, and has room again for what was acknowledged', () => {
    for (const limits of [
      { ...LIMITS, queuedMessagesMax: 2 },
      { ...LIMITS, queuedBytesMax: 2 * (256 + 2) },
    ]) {
      const queue = new OutgoingQueue(limits);
      assert.deepEqual(
        [1, 2, 3].map((counter) => queue.add(publish(counter), 1)),
        [true, true, false],
      );
      assert.equal(queue.has(3), false);
      // Known already: nothing more to keep.
      assert.equal(queue.add(publish(2), 1), true);
      queue.remove(1);
      assert.equal(queue.add(publish(4), 1), true);
      // Sent without being kept.
      const packet = sending(3, 7);
      queue.send(packet);
      assert.equal(packet.messageId, 7);
    }
  });
});
