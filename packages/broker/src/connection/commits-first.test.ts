import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { type Commits, CommitsFirst } from './commits-first.js';
import { ReadTurns } from './read-turns.js';
import { StrangerTurns } from './stranger-turns.js';
import { SensorWatch } from './turn-watch.js';

/** Observations that are committed when a test says so. */
class Pending implements Commits {
  inFlight = 0;
  readonly waiting: (() => void)[] = [];

  afterSettled(callback: () => void): void {
    this.waiting.push(callback);
  }

  settle(): void {
    this.inFlight = 0;
    for (const callback of this.waiting.splice(0)) callback();
  }
}

/** Somebody of each kind who works whenever it is their turn. */
function others(commits: Commits, nowMs?: () => number) {
  const sensors = new SensorWatch(commits);
  const strangers = new StrangerTurns(nowMs, sensors);
  const reading = new ReadTurns(() => {}, Date.now, nowMs, sensors);
  const worked = { stranger: 0, pass: 0, take: 0 };
  let isOver = false;
  const stranger = () => {
    worked.stranger += 1;
    if (!isOver) strangers.add(stranger);
  };
  const tapOf = (kind: 'pass' | 'take') => ({
    takeTurn() {
      worked[kind] += 1;
      if (!isOver) reading.wait(this, kind);
    },
  });
  strangers.add(stranger);
  reading.wait(tapOf('pass'), 'pass');
  return {
    worked,
    reading,
    take: () => reading.wait(tapOf('take'), 'take'),
    end: () => {
      isOver = true;
    },
  };
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn();
}

test('others work while nothing awaits its commit, and from the turn on in which it is committed', async (t) => {
  // Nobody has waited long enough.
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const commits = new Pending();
  const nowMs = 1000;
  const { worked, reading, end } = others(commits, () => nowMs);
  await turns(5);
  assert.ok(worked.stranger > 0 && worked.pass > 0);
  commits.inFlight = 1;
  await turns(2);
  const before = { ...worked };
  assert.equal(reading.mayPass({}), false);
  await turns(20);
  assert.deepEqual(worked, before);
  commits.settle();
  assert.deepEqual(worked, before);
  await turns(5);
  assert.ok(worked.stranger > before.stranger && worked.pass > before.pass);
  assert.equal(reading.mayPass({}), true);
  end();
});

test('others go on where sensors never cease and where the store does not answer, and observations are taken meanwhile', async () => {
  const commits = new Pending();
  commits.inFlight = 1;
  const { worked, take, end } = others(commits);
  take();
  const beganMs = performance.now();
  for (let ms = 0; ms < 50 || Math.min(...Object.values(worked)) < 20; ms = performance.now() - beganMs) {
    assert.ok(ms < 60_000, JSON.stringify(worked));
    await sleep(1);
  }
  end();
  // However often they have waited, each is called once.
  assert.ok(commits.waiting.length <= 2, `${commits.waiting.length}`);
});

test('who has waited may work for a millisecond, whatever comes meanwhile', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const commits = new Pending();
  let nowMs = 1000;
  const first = new CommitsFirst(commits, () => nowMs);
  assert.equal(first.mustWait, false);
  commits.inFlight = 1;
  assert.equal(first.mustWait, true);
  let calls = 0;
  first.wait(() => {
    calls += 1;
  });
  first.wait(() => assert.fail('somebody waits already'));
  commits.settle();
  commits.inFlight = 1;
  await nextTurn();
  assert.deepEqual([calls, first.mustWait], [1, false]);
  nowMs += 1;
  assert.equal(first.mustWait, true);
});
