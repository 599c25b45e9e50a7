import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { times } from '@humtemp/test-services';
import type { PublishPacket } from 'aedes';
import { PublishQueue } from './publish-queue.js';

const packet = (topic: string) => ({ topic }) as PublishPacket;

describe('the queue of publishes', () => {
  test('has a hundred at a time under way, the others in order', () => {
    const ends: (() => void)[] = [];
    const begun: string[] = [];
    const ended: string[] = [];
    const queue = new PublishQueue(({ topic }, callback) => {
      begun.push(topic);
      ends.push(callback);
    });
    for (let i = 0; i < 1000; i++) queue.add(packet(`${i}`), () => ended.push(`${i}`));
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
    const queue = new PublishQueue((_packet, callback) => {
      if (isHeld) held.push(callback);
      else callback();
    });
    let ended = 0;
    for (let i = 0; i < 200_000; i++)
      queue.add(packet('a'), () => {
        ended += 1;
        if (i < 1000) queue.add(packet('b'), () => (ended += 1));
      });
    isHeld = false;
    held[0]!();
    // All but those that are still held, and what they would bring.
    assert.equal(ended, 200_000 - 99 + 1000 - 99);
    for (const end of held.slice(1)) end();
    assert.equal(ended, 201_000);
  });
});
