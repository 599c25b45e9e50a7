import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from './budget.js';
import { budgetsOf } from './budgets.js';

test('a budget is bounded in all and for each owner, and refuses without taking anything', () => {
  const budget = new Budget(100, 60);
  assert.deepEqual(
    [budget.take('a', 60), budget.take('a', 1), budget.take('b', 41), budget.take('b', 40)],
    [true, false, false, true],
  );
  assert.equal(budget.used, 100);
  budget.give('a', 10);
  assert.deepEqual([budget.take('c', 11), budget.take('c', 10)], [false, true]);
});

test('the budgets together are no more than the memory there is, and one owner gets half of each', () => {
  const budgets = Object.values(budgetsOf(1 << 20));
  assert.equal(
    budgets.reduce((sum, { bytesMax }) => sum + bytesMax, 0),
    1 << 20,
  );
  for (const { bytesMax, bytesMaxOfOne } of budgets) assert.equal(bytesMaxOfOne, bytesMax / 2);
});
