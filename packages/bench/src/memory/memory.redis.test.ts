import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoke } from '../smoke.fixture.js';

test('memory still runs, small, and humtemp takes far less than before', async () => {
  const { rows } = await smoke('memory');
  assert.equal(rows.length, 1);
  for (const row of rows) assert.ok(Number(row[4]) > 4, row.join(' '));
});
