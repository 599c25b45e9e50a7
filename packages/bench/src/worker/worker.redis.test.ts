import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoke } from '../smoke.fixture.js';

test('worker still runs, small', async () => {
  const { rows } = await smoke('worker');
  assert.deepEqual(
    rows.map(([first]) => first),
    ['mqtt.js message event', '30 lines, Redis', 'tap, a store that counts', 'tap, Redis'],
  );
});
