import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Batch, EMPTY_COUNTERS, type Store } from '../index.js';
import { batchOf, CONTRACT_OPTIONS, nowInBucket, type OpenStore } from './store-contract.fixture.js';

/** Holds a store to its contract as books. */
export function booksContract(name: string, open: OpenStore): void {
  describe(`${name} keeps the contract of books`, () => {
    const nowMs = nowInBucket();
    let store: Store;
    before(async () => {
      store = await open(CONTRACT_OPTIONS);
    });
    after(async () => {
      await store.close();
    });

    test('the newest rejections are kept, newest first, up to the limit', async () => {
      for (let i = 0; i < 8; i++) {
        const batch = new Batch();
        batch.list({ atMs: i, reason: 'not_json', source: 'labs/x/observation', excerpt: `${i}` });
        await store.commit(batch, nowMs);
      }
      const excerpts = (await store.rejections(10)).map((rejection) => rejection.excerpt);
      assert.deepEqual(excerpts, ['7', '6', '5', '4', '3']);
    });

    test('a text that is shared is there for others, and is read once', async () => {
      assert.equal(await store.shared('labs'), undefined);
      for (const text of ['', 'lab_id\nKüche\n']) {
        await store.share('labs', text);
        const shared = await store.shared('labs', 'another');
        assert.ok(typeof shared === 'object');
        assert.equal(shared.text, text);
        assert.equal(await store.shared('labs', shared.version), 'unchanged');
      }
      assert.equal(await store.shared('other'), undefined);
    });

    test('ledgers are those of the last hour, the last of each process', async () => {
      const report = {
        process: 'p1',
        role: 'worker',
        reportedMs: nowMs,
        counters: { ...EMPTY_COUNTERS, received: 1 },
      };
      await store.reportLedger({ ...report, process: 'old', reportedMs: nowMs - 3_600_000 });
      await store.reportLedger(report);
      const newer = { ...report, counters: { ...EMPTY_COUNTERS, received: 2 } };
      await store.reportLedger(newer);
      assert.deepEqual(await store.ledgers(nowMs), [newer]);
    });

    test('what the store counted is under the name of the process', async () => {
      const counting = await open({ ...CONTRACT_OPTIONS, process: 'p1' });
      try {
        const batch = batchOf([['counted', 5, 20_000, 50_000]], nowMs);
        await counting.commit(batch, nowMs);
        await counting.commit(batch, nowMs);
        const own = (await counting.counted()).find(({ process }) => process === 'p1');
        assert.deepEqual(own, { process: 'p1', committed: 1, duplicate: 1, suspended: 0 });
      } finally {
        await counting.close();
      }
    });

    test('a store without faults lists none', async () => {
      assert.deepEqual(await store.faults(10), []);
    });
  });
}
