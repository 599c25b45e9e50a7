import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HandshakeTurns } from './handshake-turns.js';

test('thousands of handshakes at once begin a few in each turn, in their order', async () => {
  const turns = new HandshakeTurns();
  const begun: number[] = [];
  for (const round of [0, 1]) {
    begun.length = 0;
    for (let i = 0; i < 1000; i++) turns.add(() => begun.push(i));
    assert.equal(begun.length, 0);
    let most = 0;
    for (let before = 0; before < 1000; before = begun.length) {
      await nextTurn();
      most = Math.max(most, begun.length - before);
    }
    assert.ok(most <= 10, `${most} in one turn, round ${round}`);
    assert.deepEqual(
      begun,
      Array.from({ length: 1000 }, (_, i) => i),
    );
  }
});
