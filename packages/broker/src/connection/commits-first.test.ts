import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { CommitsFirst } from './commits-first.js';
import { SensorWatch } from './sensor-watch.js';
import { StrangerTurns } from './stranger-turns.js';

/** Observations that are committed when a test says so. */
class Pending {
  receipt = 0;
  readonly waiting: (() => void)[] = [];
  readonly sensors = new SensorWatch(this);
  #settled = 0;

  isSettled(receipt: number): boolean {
    return receipt <= this.#settled;
  }

  afterSettled(callback: () => void): void {
    this.waiting.push(callback);
  }

  /** A sensor publishes. */
  add(): void {
    this.receipt += 1;
    this.sensors.took();
  }

  settle(): void {
    this.#settled = this.receipt;
    for (const callback of this.waiting.splice(0)) callback();
  }
}

/** Strangers who work whenever it is their turn. */
function strangers({ sensors }: Pending, nowMs?: () => number) {
  const turns = new StrangerTurns(nowMs, sensors);
  const state = { worked: 0, isOver: false };
  const work = () => {
    state.worked += 1;
    if (!state.isOver) turns.add(work);
  };
  turns.add(work);
  return state;
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn();
}

test('strangers have turns while nothing awaits its commit, and from the turn on in which it is committed', async (t) => {
  // Nobody has waited long enough.
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const commits = new Pending();
  const state = strangers(commits, () => 1000);
  await turns(5);
  assert.ok(state.worked > 0);
  commits.add();
  await turns(2);
  const { worked } = state;
  await turns(20);
  assert.equal(state.worked, worked);
  commits.settle();
  assert.equal(state.worked, worked);
  await turns(5);
  assert.ok(state.worked > worked);
  state.isOver = true;
});

test('strangers go on where sensors never cease, and where the store does not answer', async () => {
  const commits = new Pending();
  commits.add();
  const state = strangers(commits);
  const beganMs = performance.now();
  for (let ms = 0; ms < 50 || state.worked < 20; ms = performance.now() - beganMs) {
    assert.ok(ms < 60_000, `${state.worked}`);
    await sleep(1);
  }
  state.isOver = true;
  // However often they have waited, they are called once.
  assert.ok(commits.waiting.length <= 1, `${commits.waiting.length}`);
});

test('who has waited may work for a millisecond, whatever comes meanwhile', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const commits = new Pending();
  let nowMs = 1000;
  const first = new CommitsFirst(commits.sensors, () => nowMs);
  assert.equal(first.mustWait, false);
  commits.add();
  assert.equal(first.mustWait, true);
  let calls = 0;
  first.wait(() => {
    calls += 1;
  });
  first.wait(() => assert.fail('somebody waits already'));
  commits.settle();
  commits.add();
  // What is read in this turn takes longer than that.
  nowMs += 1.5;
  await nextTurn();
  assert.deepEqual([calls, first.mustWait], [1, false]);
  nowMs += 1;
  assert.equal(first.mustWait, true);
});
