import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadTurns } from './read-turns.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('connections take turns, so that one with little to read does not wait for one with much', async () => {
  let nowMs = 0;
  const turns = new ReadTurns(
    () => {},
    Date.now,
    () => nowMs,
  );
  const done: string[] = [];
  const tap = (name: string, slices: number) => ({
    left: slices,
    takeTurn() {
      while (this.left > 0 && turns.hasLeft) {
        this.left -= 1;
        nowMs += 1;
      }
      if (this.left > 0) turns.wait(this);
      else done.push(name);
    },
  });
  for (const one of [tap('much', 20), tap('more', 30), tap('little', 1)]) turns.wait(one);
  for (let i = 0; i < 40; i++) await turn();
  assert.deepEqual(done, ['little', 'much', 'more']);
});

test('as many are served in a turn as there is time for, with what they leave to be done behind them', async () => {
  let nowMs = 0;
  let costMs = 0;
  const turns = new ReadTurns(
    () => {},
    Date.now,
    () => nowMs,
  );
  let served = 0;
  const tap = {
    takeTurn() {
      served += 1;
      process.nextTick(() => {
        nowMs += costMs;
      });
      turns.wait(tap);
    },
  };
  const servedIn10At = async (ms: number) => {
    costMs = ms;
    await turn();
    served = 0;
    for (let i = 0; i < 10; i++) await turn();
    return served;
  };
  turns.wait(tap);
  assert.deepEqual([await servedIn10At(5), await servedIn10At(0.3), await servedIn10At(0.125)], [10, 20, 40]);
  turns.wait = () => {};
});

test('those who send much read no more while much is unread, and everybody is called when that changes', async () => {
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

test('what is read in one turn came at one time, also while somebody waits', async () => {
  let unixMs = 1000;
  const turns = new ReadTurns(
    () => {},
    () => unixMs,
  );
  assert.equal(turns.receivedMs, 1000);
  unixMs = 1005;
  assert.equal(turns.receivedMs, 1000);
  await turn();
  assert.equal(turns.receivedMs, 1005);
  const waiting = { takeTurn: () => turns.wait(waiting) };
  turns.wait(waiting);
  await turn();
  unixMs = 1010;
  await turn();
  assert.equal(turns.receivedMs, 1010);
  waiting.takeTurn = () => {};
});
