import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallLayout } from './wall-layout.js';

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
