import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AheadRoom, readAhead } from './read-ahead.js';

async function* upTo(n: number): AsyncIterable<number> {
  for (let i = 0; i < n; i++) yield i;
}

const always = (ahead: number) => ({ least: ahead, most: ahead });

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
      for await (const answer of readAhead(upTo(n), always(most), new AheadRoom(0), ask)) {
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
      for await (const answer of readAhead(upTo(4), always(1), new AheadRoom(9), failAt(2)))
        answers.push(answer);
    }, /no answer/);
    assert.deepEqual(answers, [0, 1]);
    // An unhandled rejection would fail this test.
    for await (const answer of readAhead(upTo(4), always(1), new AheadRoom(9), failAt(1))) {
      assert.equal(answer, 0);
      break;
    }
    await nextTurn();
  });

  test('asks for more while it is waited for, as long as there is room, and gives the room back', async () => {
    const limits = { least: 2, most: 8 };
    const depths = async (room: AheadRoom, isSlow: boolean, end = 40) => {
      let asked = 0;
      const found: number[] = [];
      const ask = async () => {
        asked += 1;
        await nextTurn();
      };
      for await (const _ of readAhead(upTo(40), limits, room, ask)) {
        found.push(asked - found.length - 1);
        if (isSlow) for (let turns = 0; turns < 5; turns++) await nextTurn();
        if (found.length === end) break;
      }
      return Math.max(...found);
    };
    const room = new AheadRoom(6);
    assert.equal(await depths(room, false), 8);
    assert.equal(room.left, 6);
    assert.equal(await depths(room, false, 20), 8, 'also when the reading ends early');
    assert.equal(room.left, 6);
    assert.equal(await depths(new AheadRoom(1), false), 3);
    // The first page is always waited for.
    assert.equal(await depths(room, true), 4);
  });
});
