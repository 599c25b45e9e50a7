import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ThrottleWatch } from './throttle-watch.js';

test('the same small number in flight, round after round, is a throttle, told once', () => {
  const watch = new ThrottleWatch();
  const told = Array.from({ length: 200 }, (_, i) => watch.round(i % 3 === 0 ? 5 : 20)).filter(
    (limit) => limit !== undefined,
  );
  assert.deepEqual(told, [20]);
});

test('a growing, a large or an idle flight is none', () => {
  const growing = new ThrottleWatch();
  const large = new ThrottleWatch();
  const idle = new ThrottleWatch();
  for (let i = 0; i < 200; i++) {
    assert.equal(growing.round(i), undefined);
    assert.equal(large.round(60_000), undefined);
    assert.equal(idle.round(1), undefined);
  }
});
