import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownLabs } from './known-labs.js';

const KEPT_S = 1_000_000;
const SAFE_S = KEPT_S + 10_000;

function open() {
  const clock = { ms: 0 };
  return { clock, known: new KnownLabs(() => clock.ms) };
}

test('labs of a partition are known for a minute, until they are forgotten', () => {
  const { clock, known } = open();
  known.remember(1, ['a', 'b'], SAFE_S, KEPT_S);
  known.remember(2, [], SAFE_S, KEPT_S);
  assert.deepEqual(
    [known.of(1, KEPT_S), known.of(2, KEPT_S), known.of(3, KEPT_S)],
    [['a', 'b'], [], undefined],
  );
  clock.ms = 60_000;
  assert.deepEqual(known.of(1, KEPT_S), ['a', 'b']);
  known.forget(2);
  assert.equal(known.of(2, KEPT_S), undefined);
  clock.ms = 60_001;
  assert.equal(known.of(1, KEPT_S), undefined);
});

test('labs of a partition are not known where one may be removed before they are asked for', () => {
  const { known } = open();
  known.remember(1, ['a'], undefined, KEPT_S);
  known.remember(2, ['b'], KEPT_S + 3600, KEPT_S);
  known.remember(3, ['c'], SAFE_S, KEPT_S);
  assert.deepEqual(
    [known.of(1, KEPT_S), known.of(2, KEPT_S), known.of(3, KEPT_S)],
    [undefined, undefined, ['c']],
  );
  assert.equal(known.of(3, SAFE_S - 3600), undefined, 'also when the time for it comes later');
});

test('no more labs are remembered than there is room for, and what is forgotten makes room', () => {
  const { known } = open();
  const many = Array.from({ length: 100_000 }, (_, i) => `lab-${i}`);
  for (const partition of [1, 2, 3]) known.remember(partition, many, SAFE_S, KEPT_S);
  assert.ok(known.hasAll([1, 2], KEPT_S));
  assert.ok(!known.hasAll([1, 2, 3], KEPT_S));
  known.forget(1);
  known.remember(3, many, SAFE_S, KEPT_S);
  assert.ok(known.hasAll([2, 3], KEPT_S));
});

test('names behind one are given in order, also after labs came and went', () => {
  const { known } = open();
  known.remember(1, ['d', 'a'], SAFE_S, KEPT_S);
  known.remember(2, ['c', 'b/1', 'b'], SAFE_S, KEPT_S);
  assert.deepEqual(known.namesAfter('', 9), ['a', 'b', 'b/1', 'c', 'd']);
  assert.deepEqual(known.namesAfter('b', 2), ['b/1', 'c']);
  assert.deepEqual(known.namesAfter('b0', 9), ['c', 'd']);
  known.remember(1, ['aa'], SAFE_S, KEPT_S);
  assert.deepEqual(known.namesAfter('a', 2), ['aa', 'b']);
  known.forget(2);
  assert.deepEqual(known.namesAfter('', 9), ['aa']);
});
