import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roundsOf, smoke, withoutProc } from '../smoke.fixture.js';
import type { Churned } from './churn-once.js';

test('churn still runs, small, commits what it published and leaves no handle open', {
  skip: withoutProc,
}, async () => {
  const report = await smoke('churn', '--peers', 'humtemp');
  const [round] = roundsOf<Churned>(report, 'humtemp')!;
  assert.equal(round!.published, 150);
  assert.equal(round!.committed, 150);
  assert.ok(round!.handles.after <= round!.handles.before);
});
