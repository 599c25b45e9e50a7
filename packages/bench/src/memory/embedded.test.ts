import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoke } from '../smoke.fixture.js';

test('memory-embedded still runs, small', async () => {
  const { rows } = await smoke('memory-embedded');
  assert.equal(rows.length, 1);
  assert.ok(Number(rows[0]![2]!.replaceAll(',', '')) > 0);
});
