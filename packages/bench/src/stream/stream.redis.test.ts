import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoke, unlessAsked } from '../smoke.fixture.js';
import type { Floored, Streamed } from './stream-once.js';

test('stream still runs, small: every client is told everything', { skip: unlessAsked }, async () => {
  const { figures } = await smoke('stream');
  const { measured, floors } = figures as { measured: readonly Streamed[]; floors: readonly Floored[] };
  const [{ clients, load, told }] = measured as [Streamed];
  assert.equal(clients, 20);
  assert.equal(load.published, 600);
  assert.ok(told!.events >= clients);
  assert.equal(floors.length, 1);
});
