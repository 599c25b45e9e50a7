import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WarningLog } from './warning-log.js';

test('each warning is kept once, with how often and when it came last, and the oldest make room', () => {
  let nowMs = 0;
  const log = new WarningLog(() => ++nowMs);
  log.note({ reason: 'refused' }, 'Redis is out of reach');
  log.note({}, 'a session is left behind');
  log.note({ reason: 'refused' }, 'Redis is out of reach');
  log.note({ err: new Error('reset') }, 'live streams cannot tell what changes');
  assert.deepEqual(log.newest, [
    { atMs: 4, text: 'live streams cannot tell what changes: reset', count: 1 },
    { atMs: 3, text: 'Redis is out of reach: refused', count: 2 },
    { atMs: 2, text: 'a session is left behind', count: 1 },
  ]);
  for (let i = 0; i < 20; i++) log.note({}, `warning ${i}`);
  assert.equal(log.newest.length, 10);
  assert.equal(log.newest[0]!.text, 'warning 19');
});
