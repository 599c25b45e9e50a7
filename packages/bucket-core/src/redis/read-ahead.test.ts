import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { readAhead } from './read-ahead.js';

async function* upTo(n: number): AsyncIterable<number> {
  for (let i = 0; i < n; i++) yield i;
}

describe('read ahead', () => {
  test('gives all answers in order, and asks for so many before they are wanted', async () => {
    for (const [n, most] of [0, 1, 2, 5].flatMap((n) => [1, 3].map((most) => [n, most] as const))) {
      const asked: number[] = [];
      const answers: number[] = [];
      const ask = async (i: number) => {
        asked.push(i);
        // The earlier it was asked, the longer it takes.
        for (let turns = n - i; turns > 0; turns--) await nextTurn();
        return 10 * i;
      };
      for await (const answer of readAhead(upTo(n), most, ask)) {
        answers.push(answer);
        assert.equal(asked.length, Math.min(n, answers.length + most));
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
      for await (const answer of readAhead(upTo(4), 1, failAt(2))) answers.push(answer);
    }, /no answer/);
    assert.deepEqual(answers, [0, 1]);
    // An unhandled rejection would fail this test.
    for await (const answer of readAhead(upTo(4), 1, failAt(1))) {
      assert.equal(answer, 0);
      break;
    }
    await nextTurn();
  });
});
