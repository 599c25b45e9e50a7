import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layoutOf, linesWithin } from './grid-layout.js';

const ids = (n: number) => Array.from({ length: n }, (_, i) => `lab-${i}`);

test('only the lines in the window are drawn, however many labs there are', () => {
  const layout = layoutOf([{ title: '', ids: ids(5000) }], 8, 100, 30);
  assert.equal(layout.height, 62_500);
  const lines = linesWithin(layout, 1000, 1250);
  assert.deepEqual(
    lines.map(({ y }) => y),
    [1000, 1100, 1200],
  );
  assert.deepEqual(lines[0]!.ids, ids(5000).slice(80, 88));
  assert.equal(linesWithin(layout, -500, 0).length, 0);
});

test('groups have a heading above their labs, and none starts in the line of another', () => {
  const { lines } = layoutOf(
    [
      { title: 'a', ids: ids(3) },
      { title: 'b', ids: ids(1) },
    ],
    2,
    100,
    30,
  );
  assert.deepEqual(
    lines.map(({ y, heading, ids }) => [y, heading ?? ids.length]),
    [
      [0, 'a'],
      [30, 2],
      [130, 1],
      [230, 'b'],
      [260, 1],
    ],
  );
});
