import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from './pace.js';

/** How many a pace lets through until a time, if it is asked whenever one is due. */
function sentUntil(pace: Pace, fromMs: number, untilMs: number): number {
  let sent = 0;
  let nowMs = fromMs;
  for (;;) {
    nowMs = Math.max(nowMs, nowMs + pace.waitMs(nowMs));
    if (nowMs >= untilMs) return sent;
    pace.step(nowMs);
    sent += 1;
  }
}

test('a pace keeps its rate', () => {
  assert.equal(sentUntil(new Pace(50), 1000, 3000), 100);
  assert.equal(sentUntil(new Pace(0.5), 0, 10_000), 5);
});

test('after being held up it makes up for a tenth of a second, not for all of it', () => {
  const pace = new Pace(100);
  assert.equal(sentUntil(pace, 0, 1000), 100);
  assert.equal(sentUntil(pace, 61_000, 62_000), 110);
});
