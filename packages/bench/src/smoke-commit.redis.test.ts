import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Committed } from './commit/commit-once.js';
import { smoke } from './smoke.fixture.js';

const WAYS = 11;
const SHAPES = 3;

test('commit still runs, small, and every way counts what was committed', async () => {
  const { rows, figures } = await smoke('commit');
  assert.equal(rows.length, WAYS * SHAPES);
  const { lines } = figures as { lines: readonly { way: string; rounds: readonly Committed[] }[] };
  for (const { way, rounds } of lines) {
    assert.equal(rounds.length, 1, way);
    assert.ok(rounds[0]!.observations > 0 && rounds[0]!.observationsPerS > 0, way);
  }
});

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
