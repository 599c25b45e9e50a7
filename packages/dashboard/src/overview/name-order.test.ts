import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lab } from '../lab/lab.js';
import { compareGroups, NameOrder } from './name-order.js';

const lab = (id: string, name = id, group = ''): Lab => ({ id, name, group }) as Lab;

test('labs are in the order of their names as people count, also after one was renamed', () => {
  const order = new NameOrder();
  const ids = (labs: readonly Lab[]) => {
    const places = order.of(labs);
    return labs.toSorted((a, b) => places.get(a.id)! - places.get(b.id)!).map(({ id }) => id);
  };
  assert.deepEqual(
    ids([lab('lab-10'), lab('lab-9'), lab('b', 'Archive', 'Floor 2'), lab('c', 'Archive', 'Floor 1')]),
    ['c', 'b', 'lab-9', 'lab-10'],
  );
  assert.deepEqual(ids([lab('lab-10', 'Attic'), lab('lab-9')]), ['lab-10', 'lab-9']);
  assert.deepEqual(ids([lab('lab-10'), lab('lab-9')]), ['lab-9', 'lab-10']);
});

test('labs without a group come last', () => {
  assert.deepEqual(['', 'Floor 10', 'Floor 2'].sort(compareGroups), ['Floor 2', 'Floor 10', '']);
});
