import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batch } from '../../store/batch.js';
import { emptyCommitResult } from '../../store/commit-result.js';
import { CONTRACT_OPTIONS, nowInBucket } from '../../store/store-contract.fixture.js';
import { RowCommits } from './commit-rows.js';
import { LabBuckets } from './lab-buckets.js';

test('what labs take in memory is counted about as it is, and repeats take nothing', () => {
  const labs = new LabBuckets({ ...CONTRACT_OPTIONS, labsMax: 10 }, () => {});
  const commits = new RowCommits(labs);
  const nowMs = nowInBucket();
  const commit = (from: number, to: number) => {
    const batch = new Batch();
    for (let i = from; i < to; i++) batch.add('lab', nowMs - 10_000 + i, 0, 20_000 + i, 50_000);
    const failed = { batch: new Batch(), cause: undefined };
    const result = emptyCommitResult();
    commits.apply(commits.prepare(batch.rowsByLab, nowMs, failed), result);
    assert.ok(failed.batch.isEmpty);
    return result;
  };
  for (let i = 0; i < 50; i++) assert.equal(commit(100 * i, 100 * (i + 1)).committed, 100);
  const { bytes } = labs.active;
  const measured = labs.active.get('lab')!.bytes;
  assert.ok(bytes > measured / 3 && bytes < measured * 3, `${bytes} bytes, measured ${measured}`);
  for (let i = 0; i < 50; i++) assert.equal(commit(100 * i, 100 * (i + 1)).duplicate, 100);
  assert.equal(labs.active.bytes, bytes);
});
