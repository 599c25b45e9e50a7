import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roundsOf, smoke, withoutProc } from '../smoke.fixture.js';

test('idle still runs, small', { skip: withoutProc }, async () => {
  const report = await smoke('idle', '--peers', 'humtemp,aedes');
  assert.ok(roundsOf(report, 'humtemp') && roundsOf(report, 'aedes'));
});
