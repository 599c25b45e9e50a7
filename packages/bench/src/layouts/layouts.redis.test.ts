import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoke } from '../smoke.fixture.js';

test('layouts still runs, small, and both layouts say the same', async () => {
  const { rows } = await smoke('layouts');
  assert.equal(rows.length, 3);
});
