import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadTurns } from './read-turns.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('connections take turns, so that one with little to read does not wait for one with much', async () => {
  const turns = new ReadTurns(() => {});
  const done: string[] = [];
  const tap = (name: string, slices: number) => ({
    left: slices,
    takeTurn() {
      while (this.left > 0 && turns.hasLeft) {
        this.left -= 1;
        turns.spend(3000);
      }
      if (this.left > 0) turns.wait(this);
      else done.push(name);
    },
  });
  for (const one of [tap('much', 20), tap('more', 30), tap('little', 1)]) turns.wait(one);
  for (let i = 0; i < 40; i++) await turn();
  assert.deepEqual(done, ['little', 'much', 'more']);
});

test('nobody reads more while much is unread, and everybody is called when that changes', async () => {
  let calls = 0;
  const turns = new ReadTurns(() => {
    calls += 1;
  });
  turns.keep(16 * 1024 * 1024);
  assert.equal(turns.isFull, true);
  turns.keep(-1);
  assert.equal(turns.isFull, true);
  turns.keep(-8 * 1024 * 1024);
  assert.equal(turns.isFull, false);
  await turn();
  assert.equal(calls, 2);
});
