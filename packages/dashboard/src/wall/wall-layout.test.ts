import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallLayout, wallTurns } from './wall-layout.js';

const LEAST = { width: 160, height: 96 };

test('every lab has its place as long as tiles can be read', () => {
  for (const count of [1, 2, 7, 12, 50, 100]) {
    const { columns, rows } = wallLayout(count, 1920, 980, LEAST);
    assert.ok(columns * rows >= count, String(count));
    assert.ok(1920 / columns >= LEAST.width && 980 / rows >= LEAST.height, String(count));
  }
  assert.deepEqual(wallLayout(12, 1920, 980, LEAST), { columns: 4, rows: 3 });
});

test('more labs than fit take turns', () => {
  assert.deepEqual(wallLayout(5000, 1920, 980, LEAST), { columns: 12, rows: 10 });
});

test('trouble is on every page of a wall, and no page is nearly empty', () => {
  assert.deepEqual(wallTurns(48, 4, 48), { pages: 1, always: 48, inTurn: 0 });
  assert.deepEqual(wallTurns(49, 5, 48), { pages: 2, always: 5, inTurn: 22 });
  assert.deepEqual(wallTurns(5000, 4000, 100), { pages: 99, always: 50, inTurn: 50 });
});
