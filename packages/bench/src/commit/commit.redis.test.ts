import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoke } from '../smoke.fixture.js';
import type { Committed } from './commit-once.js';

const WAYS = 11;
const SHAPES = 2;

test('commit still runs, small, and every way counts what was committed', async () => {
  const { rows, figures } = await smoke('commit');
  assert.equal(rows.length, WAYS * SHAPES);
  const { lines } = figures as { lines: readonly { way: string; rounds: readonly Committed[] }[] };
  for (const { way, rounds } of lines) {
    assert.equal(rounds.length, 1, way);
    assert.ok(rounds[0]!.observations > 0 && rounds[0]!.observationsPerS > 0, way);
  }
});
