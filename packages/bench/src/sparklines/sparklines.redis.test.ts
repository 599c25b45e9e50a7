import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoke } from '../smoke.fixture.js';

test('sparklines still run, small: both stores say the same in one answer and in fifty', async () => {
  const { figures } = await smoke('sparklines');
  const asked = figures as readonly { readonly way: { readonly requests: number } }[];
  assert.deepEqual(
    asked.map(({ way }) => way.requests),
    [50, 1, 1, 50, 1, 1],
  );
});
