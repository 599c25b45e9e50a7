import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from './sleep.js';

test('a time that is too long for a timer is not cut to nothing', async () => {
  const stop = new AbortController();
  let isOver = false;
  const asleep = sleep(2 ** 31, stop.signal).then(() => {
    isOver = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(isOver, false);
  stop.abort();
  await asleep;
});
