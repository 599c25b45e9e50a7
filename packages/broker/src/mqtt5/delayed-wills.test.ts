import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DelayedWills } from './delayed-wills.js';

test('a will waits for its delay, and is not published if the client comes back to its session', () => {
  let nowMs = 0;
  const wills = new DelayedWills(() => nowMs);
  const published: string[] = [];
  let kept = 0;
  for (const [index, client] of ['gone', 'back', 'anew'].entries()) {
    kept += 1;
    wills.add(
      client,
      10 * (index + 1),
      () => published.push(client),
      () => (kept -= 1),
    );
  }
  nowMs = 9999;
  wills.look();
  wills.arrive('back', false);
  // Its session has ended [MQTT-3.1.3-9].
  wills.arrive('anew', true);
  assert.deepEqual(published, ['anew']);
  nowMs = 60_000;
  wills.look();
  wills.look();
  assert.deepEqual([published, kept], [['anew', 'gone'], 0]);
});
