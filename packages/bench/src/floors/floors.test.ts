import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ingested } from '../ingest/ingest-once.js';
import { roundsOf, smoke, unlessAsked } from '../smoke.fixture.js';

test('floors still run, small: every step acknowledges every publish of both loads', {
  skip: unlessAsked,
}, async () => {
  const report = await smoke('floors');
  assert.equal(report.rows.length, 6);
  for (const [name] of report.rows) {
    const [round] = roundsOf<{ pipelined: Ingested; many: Ingested }>(report, name!)!;
    assert.deepEqual([round!.pipelined.publishes, round!.many.publishes], [5000, 1000]);
    assert.ok(round!.pipelined.publishesPerS > 0 && round!.many.publishesPerS > 0);
  }
});
