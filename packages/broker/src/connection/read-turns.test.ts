import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadTurns } from './read-turns.js';
import { SensorWatch } from './sensor-watch.js';

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
      if (this.left > 0) turns.wait(this, 'take');
      else done.push(name);
    },
  });
  for (const one of [tap('much', 20), tap('more', 30), tap('little', 1)]) turns.wait(one, 'take');
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
      turns.wait(tap, 'pass');
    },
  };
  const servedIn10At = async (ms: number) => {
    costMs = ms;
    await turn();
    served = 0;
    for (let i = 0; i < 10; i++) await turn();
    return served;
  };
  turns.wait(tap, 'pass');
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
  const waiting = { takeTurn: () => turns.wait(waiting, 'take') };
  turns.wait(waiting, 'take');
  await turn();
  unixMs = 1010;
  await turn();
  assert.equal(turns.receivedMs, 1010);
  waiting.takeTurn = () => {};
});

test('few are at work at a time while turns are long, many while they are short, and none for ever', async () => {
  let nowMs = 0;
  const turns = new ReadTurns(
    () => {},
    Date.now,
    () => nowMs,
  );
  let atWork = 0;
  const tap = () => ({
    takeTurn() {
      atWork += 1;
      turns.works(this, 1);
    },
  });
  const taps = Array.from({ length: 300 }, tap);
  for (const one of taps) turns.wait(one, 'pass');
  /** The most that began in one of some turns, when each takes so long. */
  const begunAt = async (turnMs: number, count: number) => {
    let most = 0;
    for (let i = 0; i < count; i++) {
      const before = atWork;
      nowMs += turnMs;
      await turn();
      most = Math.max(most, atWork - before);
    }
    return most;
  };
  const first = await begunAt(0.1, 4);
  assert.equal(atWork, 64);
  assert.ok(first > 1);
  // Nobody has rested: only when they are taken to be stuck, there is room for others.
  await begunAt(10, 8);
  assert.equal(atWork, 64);
  await begunAt(10, 40);
  assert.ok(atWork > 64 && atWork <= 70, `${atWork}`);
  // Whoever rests makes room at once.
  const before = atWork;
  for (const one of taps) turns.rests(one);
  await turn();
  await turn();
  assert.ok(atWork > before);
});

test('what passes of long frames is bounded in bytes a second, and half as many while sensors publish', async () => {
  /** Bytes that pass in a second. */
  const passIn1S = async (arePublishing: boolean) => {
    let nowMs = 1000;
    const sensors = new SensorWatch();
    const turns = new ReadTurns(
      () => {},
      Date.now,
      () => nowMs,
      sensors,
    );
    let passed = 0;
    const tap = {
      takeTurn() {
        passed += 100_000;
        turns.works(tap, 100_000);
        turns.rests(tap);
        turns.wait(tap, 'pass');
      },
    };
    turns.wait(tap, 'pass');
    for (const beganMs = nowMs; nowMs < beganMs + 1000; nowMs += 1) {
      if (arePublishing) sensors.took();
      await new Promise<void>((resolve) => setTimeout(resolve, 1));
    }
    turns.wait = () => {};
    return passed;
  };
  const [alone, besideSensors] = [await passIn1S(false), await passIn1S(true)];
  assert.ok(alone > 14_000_000 && alone < 18_000_000, `${alone}`);
  assert.ok(besideSensors > 7_000_000 && besideSensors < 9_500_000, `${besideSensors}`);
});

test('what passes rests between turns that are long while sensors publish, and observations do not', async () => {
  let longMs = 0;
  const sensors = new SensorWatch();
  const turns = new ReadTurns(
    () => {},
    Date.now,
    () => performance.now() + longMs,
    sensors,
  );
  const served = { take: 0, pass: 0 };
  const tapOf = (kind: 'take' | 'pass') => ({
    takeTurn() {
      served[kind] += 1;
      if (kind === 'pass') {
        // Whatever was done in this turn, it is a long one.
        longMs += 5;
        turns.works(this, 0);
        turns.rests(this);
      }
      turns.wait(this, kind);
    },
  });
  /** Turns of the event loop in which one that waits is served 20 times. */
  const turnsFor20 = async (kind: 'take' | 'pass') => {
    served[kind] = 0;
    let count = 0;
    for (; served[kind] < 20; count++) await turn();
    return count;
  };
  turns.wait(tapOf('pass'), 'pass');
  const atOnce = await turnsFor20('pass');
  sensors.took();
  const rested = await turnsFor20('pass');
  assert.ok(atOnce < 25 && rested > 2 * atOnce, `${atOnce}, ${rested}`);
  turns.wait(tapOf('take'), 'take');
  sensors.took();
  const before = served.pass;
  const taken = await turnsFor20('take');
  assert.ok(taken < 45 && served.pass - before < 15, `${taken}, ${served.pass - before}`);
  turns.wait = () => {};
});
