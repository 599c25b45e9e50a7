import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Budget } from '../budgets/budget.js';
import { OutgoingPublish } from '../subscribers/outgoing-publish.js';
import { OutgoingQueue, type QueueLimits } from './outgoing-queue.js';

const LIMITS = { queuedMessagesMax: 100, queuedBytesMax: 1_000_000 };

const open = (limits: QueueLimits = LIMITS, budget = new Budget(1e9, 1e9)) =>
  new OutgoingQueue(limits, budget, 'o');
const publish = (name: string, qos: 0 | 1 | 2 = 1) => new OutgoingPublish('t', Buffer.from(name), qos);
const names = (queue: OutgoingQueue) =>
  [...queue.entries()].map(({ publish, packetId }) => publish?.payload.toString() ?? `pubrel ${packetId}`);

describe('what waits for one session', () => {
  test('stays in order, whatever is acknowledged when', () => {
    const queue = open();
    const ids = ['a', 'b', 'c'].map((name) => queue.send(queue.add(publish(name), 1)!).packetId);
    assert.deepEqual(ids, [1, 2, 3]);
    queue.removeById(2);
    assert.deepEqual(names(queue), ['a', 'c']);
    queue.removeById(2);
    queue.removeById(3);
    queue.removeById(1);
    assert.ok(queue.isEmpty);
  });

  test('never has one packet id for two', () => {
    const queue = open({ ...LIMITS, queuedMessagesMax: 70_000, queuedBytesMax: 1e9 });
    const kept = [1, 2].map(() => queue.send(queue.add(publish('x'), 1)!).packetId);
    for (let i = 0; i < 65_533; i++) queue.removeById(queue.send(queue.add(publish('x'), 1)!).packetId);
    // All have been used once, and two are not free yet.
    assert.deepEqual(kept, [1, 2]);
    assert.deepEqual([queue.freeId(), queue.send(queue.add(publish('x'), 1)!).packetId], [3, 4]);
  });

  test('is sent again under the same id, marked as a duplicate [MQTT-3.3.1-1]', () => {
    const queue = open();
    const entry = queue.add(publish('a'), 1)!;
    const [first, again] = [queue.send(entry), queue.send(entry)];
    assert.deepEqual([first.packetId, first.isAgain, again.packetId, again.isAgain], [1, false, 1, true]);
  });

  test('becomes a PUBREL in its place, which goes with its PUBCOMP', () => {
    const queue = open();
    for (const name of ['a', 'b']) queue.send(queue.add(publish(name, 2), 2)!);
    queue.release(1);
    queue.release(99);
    assert.deepEqual(names(queue), ['pubrel 1', 'b']);
    queue.removeById(1);
    assert.deepEqual(names(queue), ['b']);
  });

  test('is gone through with what comes meanwhile', () => {
    const queue = open();
    queue.add(publish('a'), 1);
    const seen: string[] = [];
    for (const { publish: entry } of queue.entries()) {
      seen.push(entry!.payload.toString());
      if (seen.length < 3) queue.add(publish(`${seen.length}`), 1);
    }
    assert.deepEqual(seen, ['a', '1', '2']);
  });

  test('is bounded in number and bytes, and has room again for what was acknowledged', () => {
    for (const limits of [
      { ...LIMITS, queuedMessagesMax: 2 },
      { ...LIMITS, queuedBytesMax: 2 * (256 + 2) },
    ]) {
      const queue = open(limits);
      const entries = ['1', '2', '3'].map((name) => queue.add(publish(name), 1));
      assert.deepEqual(
        entries.map((entry) => entry !== undefined),
        [true, true, false],
      );
      queue.remove(entries[0]!);
      assert.ok(queue.add(publish('4'), 1) !== undefined);
    }
  });

  test('is bounded by the memory of its owner, which gets back all that it took', () => {
    const budget = new Budget(10_000, 2000);
    const queues = ['a', 'a', 'b'].map((owner) => new OutgoingQueue(LIMITS, budget, owner));
    const adds = queues.map((queue) => [1, 2, 3].filter(() => queue.add(publish('x', 2), 2) !== undefined));
    assert.deepEqual(
      adds.map(({ length }) => length),
      [3, 0, 3],
    );
    for (const entry of queues[0]!.entries()) queues[0]!.release(queues[0]!.send(entry).packetId);
    for (const queue of queues) queue.clear();
    assert.equal(budget.used, 0);
  });
});
