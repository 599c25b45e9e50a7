import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoke } from '../smoke.fixture.js';

test('mapped still runs, small', async () => {
  const { rows } = await smoke('mapped');
  assert.equal(rows.length, 3);
});
