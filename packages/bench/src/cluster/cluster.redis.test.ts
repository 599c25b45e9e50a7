import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoke } from '../smoke.fixture.js';

test('cluster still runs, small, and everything is counted', async () => {
  const { rows } = await smoke('cluster');
  assert.equal(rows.length, 6);
});
