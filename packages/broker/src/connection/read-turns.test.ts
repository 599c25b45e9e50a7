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
        turns.spend(3000, 0);
      }
      if (this.left > 0) turns.wait(this);
      else done.push(name);
    },
  });
  for (const one of [tap('much', 20), tap('more', 30), tap('little', 1)]) turns.wait(one);
  for (let i = 0; i < 40; i++) await turn();
  assert.deepEqual(done, ['little', 'much', 'more']);
});

test('fewer frames that pass are read in a turn while turns are long, and more again when they are short', async () => {
  let nowMs = 0;
  let frameMs = 0;
  const turns = new ReadTurns(
    () => {},
    Date.now,
    () => nowMs,
  );
  let read = 0;
  const tap = {
    takeTurn() {
      read = 0;
      for (; turns.hasLeft; read++) {
        nowMs += frameMs;
        turns.spend(0, 1);
      }
      turns.wait(this);
    },
  };
  const readAt = async (ms: number) => {
    frameMs = ms;
    for (let i = 0; i < 20; i++) await turn();
    return read;
  };
  turns.wait(tap);
  assert.deepEqual([await readAt(0.01), await readAt(1), await readAt(0.01)], [50, 4, 50]);
  tap.takeTurn = () => {};
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

test('what is read in one turn came at one time', async () => {
  let unixMs = 1000;
  const turns = new ReadTurns(
    () => {},
    () => unixMs,
  );
  assert.equal(turns.receivedMs, 1000);
  unixMs = 1005;
  turns.spend(1, 0);
  assert.equal(turns.receivedMs, 1000);
  await turn();
  assert.equal(turns.receivedMs, 1005);
});
