import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Allowance } from './allowance.js';

test('what is spent too much is missing afterwards, and what is not spent adds up to some', () => {
  const allowance = new Allowance(10, 50);
  allowance.fill(1000);
  allowance.spend(70);
  assert.equal(allowance.hasLeft, false);
  allowance.fill(1002);
  assert.equal(allowance.hasLeft, false);
  allowance.fill(1003);
  assert.equal(allowance.hasLeft, true);
  allowance.fill(9000);
  allowance.spend(50);
  assert.equal(allowance.hasLeft, false);
});
