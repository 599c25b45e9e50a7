import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Batch, emptyCommitResult } from '@humtemp/bucket-core';
import { CommitLoop } from './commit-loop.js';
import { Ledger } from './ledger.js';

/** A loop whose time stands still until `pass()`. Commits, by how many observations each had. */
function openLoop(t: TestContext) {
  let nowMs = 1000;
  t.mock.method(performance, 'now', () => nowMs);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const commits: number[] = [];
  const store = {
    async commit(batch: Batch) {
      commits.push(batch.observations);
      return { ...emptyCommitResult(), committed: batch.observations };
    },
  };
  const loop = new CommitLoop(store, new Ledger(), Date.now);
  let serial = 0;
  const receive = (isPatient: boolean) => {
    loop.add('lab', ++serial, 0, 20_000, 50_000, nowMs);
    loop.touch(isPatient);
  };
  const pass = async (ms: number) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  return { loop, commits, receive, pass };
}

describe('what patient senders publish', () => {
  test('is committed at once when there was no commit just now', async (t) => {
    const { commits, receive, pass } = openLoop(t);
    receive(true);
    await pass(0);
    assert.deepEqual(commits, [1]);
    await pass(10);
    receive(true);
    await pass(0);
    assert.deepEqual(commits, [1, 1]);
  });

  test('shortly after a commit waits for company, and then settles', async (t) => {
    const { loop, commits, receive, pass } = openLoop(t);
    receive(true);
    await pass(0);
    await pass(3);
    let isSettled = false;
    for (let i = 0; i < 3; i++) {
      receive(true);
      loop.afterSettled(() => {
        isSettled = true;
      });
      await pass(2);
    }
    assert.deepEqual(commits, [1]);
    assert.equal(isSettled, false);
    await pass(1);
    assert.deepEqual(commits, [1, 3]);
    assert.equal(isSettled, true);
  });

  test('goes with what somebody waits for, which waits for nobody', async (t) => {
    const { commits, receive, pass } = openLoop(t);
    receive(false);
    await pass(0);
    receive(true);
    await pass(0);
    assert.deepEqual(commits, [1]);
    receive(false);
    await pass(0);
    assert.deepEqual(commits, [1, 2]);
    receive(false);
    await pass(0);
    assert.deepEqual(commits, [1, 2, 1]);
  });

  test('is given up with everything else', async (t) => {
    const { loop, commits, receive, pass } = openLoop(t);
    receive(true);
    await pass(0);
    receive(true);
    loop.abandon();
    await pass(100);
    assert.deepEqual(commits, [1]);
  });
});
