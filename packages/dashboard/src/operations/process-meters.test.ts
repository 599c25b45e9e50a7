import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ledger } from '../live/hub-message.js';
import { ProcessMeters } from './process-meters.js';

type Process = Ledger['processes'][number];

const report = (s: number, received: number, commits: number, commit_ms: number) =>
  ({
    process: 'worker-1',
    reported_at: new Date(s * 1000).toISOString(),
    received,
    committed: received - 10,
    duplicate: 10,
    state: { commits, commit_ms },
  }) as unknown as Process;

test('what a process does is told from two of its reports, and not before there are two', () => {
  const meters = new ProcessMeters();
  const unknown = { perSecond: undefined, batch: undefined, commitMs: undefined };
  assert.deepEqual(meters.paceOf(report(0, 100, 10, 50)), unknown);
  // Drawn again, with the same report.
  assert.deepEqual(meters.paceOf(report(0, 100, 10, 50)), unknown);
  assert.deepEqual(meters.paceOf(report(2, 300, 20, 90)), { perSecond: 100, batch: 20, commitMs: 4 });
  // Idle: nothing is committed, so that nothing can be said of it.
  assert.deepEqual(meters.paceOf(report(30, 300, 20, 90)).perSecond, 0);
  assert.deepEqual(meters.paceOf(report(60, 300, 20, 90)).batch, undefined);
});
