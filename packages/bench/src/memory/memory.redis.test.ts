import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoke } from '../smoke.fixture.js';

test('memory still runs, small, and names every kind of key', async () => {
  const { rows } = await smoke('memory');
  assert.deepEqual(
    rows.map(([what]) => what),
    [
      'buckets of 300 s',
      'buckets of 3600 s',
      'buckets of 86400 s',
      'identities, one set an hour',
      'index: sets of labs by bucket of 300 s',
      'index: sets of labs by bucket of 3600 s',
      'index: sets of labs by bucket of 86400 s',
      'index: sorted sets of labs',
      'tables of keys and expiries',
      'all, by INFO',
    ],
  );
  assert.deepEqual(
    rows.slice(0, 4).map(([, keys]) => keys),
    ['288.0', '24.0', '1.0', '24.0'],
  );
});
