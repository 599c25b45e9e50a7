import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowWindow } from './use-row-window.js';

test('a table of a few hundred rows is drawn as a whole, of a longer one what is about the window', () => {
  assert.deepEqual(rowWindow(400, 300, 30), { from: 0, to: 400, abovePx: 0, belowPx: 0 });
  assert.deepEqual(rowWindow(5000, -100, 30), { from: 0, to: 200, abovePx: 0, belowPx: 4800 * 30 });
  assert.deepEqual(rowWindow(5000, 4990, 30), { from: 4800, to: 5000, abovePx: 4800 * 30, belowPx: 0 });
  for (let top = 0; top < 5000; top++) {
    const { from, to, abovePx, belowPx } = rowWindow(5000, top, 30);
    assert.ok(from <= top && Math.min(5000, top + 80) <= to, `${top}: ${from} to ${to}`);
    assert.equal(abovePx + (to - from) * 30 + belowPx, 5000 * 30);
  }
});
