import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { oneAhead } from './one-ahead.js';

async function* upTo(n: number): AsyncIterable<number> {
  for (let i = 0; i < n; i++) yield i;
}

describe('one ahead', () => {
  test('gives all answers in order, and asks for one before it is wanted', async () => {
    for (const n of [0, 1, 2, 5]) {
      const asked: number[] = [];
      const answers: number[] = [];
      const ask = async (i: number) => {
        asked.push(i);
        // The earlier it was asked, the longer it takes.
        for (let turns = n - i; turns > 0; turns--) await nextTurn();
        return 10 * i;
      };
      for await (const answer of oneAhead(upTo(n), ask)) {
        answers.push(answer);
        assert.equal(asked.length, Math.min(n, answers.length + 1));
      }
      assert.deepEqual(
        answers,
        Array.from({ length: n }, (_, i) => 10 * i),
      );
    }
  });

  test('gives what came before a failure; a failure that nobody waits for harms nobody', async () => {
    const failAt = (bad: number) => async (i: number) => {
      if (i === bad) throw new Error('no answer');
      return i;
    };
    const answers: number[] = [];
    await assert.rejects(async () => {
      for await (const answer of oneAhead(upTo(4), failAt(2))) answers.push(answer);
    }, /no answer/);
    assert.deepEqual(answers, [0, 1]);
    // An unhandled rejection would fail this test.
    for await (const answer of oneAhead(upTo(4), failAt(1))) {
      assert.equal(answer, 0);
      break;
    }
    await nextTurn();
  });
});
