import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoke } from '../smoke.fixture.js';
import type { Asked } from './tally.js';

test('reads still runs, small: everybody answers with a row for each lab', async () => {
  const { figures } = await smoke('reads');
  const asked = figures as readonly Asked[];
  const rowsOf = (question: string) =>
    asked.filter((one) => one.question === question).map(({ rows }) => rows);
  assert.deepEqual(rowsOf('/summary'), [600, 600, 600, 600, 600]);
  assert.deepEqual(rowsOf('/buckets, JSON'), [600, 600, 600, 600]);
  assert.deepEqual(rowsOf('/buckets, NDJSON'), [600, 600]);
  for (const { bytes, firstMs, wholeMs } of asked) {
    assert.ok(bytes > 0);
    for (const [i, ms] of wholeMs.entries()) assert.ok(firstMs[i]! <= ms);
  }
});
