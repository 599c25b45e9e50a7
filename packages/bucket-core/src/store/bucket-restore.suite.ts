import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ABSENT, bucketStartS, type Store, type StoredBucket } from '../index.js';
import {
  batchOf,
  CONTRACT_GRID,
  CONTRACT_OPTIONS,
  commitsArbitrary,
  contentOf,
  HOUR_S,
  nowInBucket,
  type OpenStore,
} from './store-contract.fixture.js';

/** Holds a store to the contract in bucket-restore.ts. */
export function bucketRestoreContract(name: string, openFrom: OpenStore, openTo: OpenStore, runs = 5): void {
  describe(`${name} keeps the contract of a restore`, () => {
    const nowMs = nowInBucket();

    test('whatever a store has, another one has the same after it, and goes on alike', () =>
      fc.assert(
        fc.asyncProperty(commitsArbitrary, async (commits) => {
          const [from, to] = [await openFrom(CONTRACT_OPTIONS), await openTo(CONTRACT_OPTIONS)];
          try {
            for (const { rows } of commits) await from.commit(batchOf(rows, nowMs), nowMs);
            const all = await allBuckets(from, nowMs);
            const fates = await to.restore(all, nowMs);
            assert.ok(fates.every((fate) => fate === 'restored'));
            const before = await contentOf(from, nowMs);
            assert.deepEqual(await contentOf(to, nowMs), before);
            assert.ok((await to.restore(all, nowMs)).every((fate) => fate === 'present'));
            assert.deepEqual(await contentOf(to, nowMs), before);

            const more = before.labs.flatMap((lab) => [
              [lab, -59.5, 21_111, 1] as const,
              [lab, 2 * HOUR_S + 0.5, 21_112, ABSENT] as const,
              [lab, 29 * HOUR_S + 0.5, ABSENT, 2] as const,
            ]);
            for (const store of [from, to]) await store.commit(batchOf(more, nowMs), nowMs);
            assert.deepEqual(await contentOf(to, nowMs), await contentOf(from, nowMs));
          } finally {
            await from.close();
            await to.close();
          }
        }),
        { numRuns: runs },
      ));

    test('a bucket that has something else is left as it is, and the others come', async () => {
      const [from, to] = [await openFrom(CONTRACT_OPTIONS), await openTo(CONTRACT_OPTIONS)];
      try {
        await from.commit(
          batchOf(
            [
              ['a', 60, 20_000, 40_000],
              ['a', 5 * HOUR_S, 19_000, 41_000],
            ],
            nowMs,
          ),
          nowMs,
        );
        await to.commit(batchOf([['a', 60, 22_000, 40_000]], nowMs), nowMs);
        const live = await contentOf(to, nowMs);
        const all = await allBuckets(from, nowMs);
        const fates = await to.restore(all, nowMs);
        const startOf = (durationS: number, agoS: number) =>
          bucketStartS(nowMs - agoS * 1000, durationS, CONTRACT_GRID.alignmentS);
        assert.deepEqual(
          all.filter((_, i) => fates[i] === 'different').map(({ durationS, startS }) => [durationS, startS]),
          CONTRACT_GRID.resolutions.map(({ durationS }) => [durationS, startOf(durationS, 60)]),
        );
        const { buckets } = await contentOf(to, nowMs);
        for (const [key, aggregate] of Object.entries(live.buckets))
          assert.deepEqual(buckets[key], aggregate, key);
        assert.equal(buckets[`a 3600 ${startOf(HOUR_S, 5 * HOUR_S)}`]?.temp.sum, 19_000);
      } finally {
        await from.close();
        await to.close();
      }
    });

    test('expired buckets, labs beyond the limit and a second one of a bucket are refused', async () => {
      const [from, to] = [
        await openFrom(CONTRACT_OPTIONS),
        await openTo({ ...CONTRACT_OPTIONS, labsMax: 1 }),
      ];
      try {
        await from.commit(batchOf([['a', 60, 20_000, 40_000]], nowMs), nowMs);
        await from.commit(batchOf([['b', 60, 20_000, 40_000]], nowMs), nowMs);
        const all = await allBuckets(from, nowMs);
        const a = all.find(({ lab }) => lab === 'a')!;
        const b = all.find(({ lab }) => lab === 'b')!;
        const expired = { ...a, startS: a.startS - 100 * a.durationS };
        const other = { ...a, aggregate: { ...a.aggregate, observations: 7 } };
        assert.deepEqual(await to.restore([a, expired, other], nowMs), ['restored', 'expired', 'different']);
        assert.deepEqual(await to.restore([b, a], nowMs), ['too_many_labs', 'present']);
        await assert.rejects(to.restore([{ ...a, startS: a.startS + 1 }], nowMs), RangeError);
      } finally {
        await from.close();
        await to.close();
      }
    });
  });
}

/** Every bucket of every lab, as an export reads them. */
export async function allBuckets(store: Store, nowMs: number): Promise<StoredBucket[]> {
  const all: StoredBucket[] = [];
  for (const lab of await store.labs('', 1000, nowMs))
    for (const resolution of CONTRACT_GRID.resolutions) {
      const { durationS, retention } = resolution;
      const startS = bucketStartS(nowMs, durationS, CONTRACT_GRID.alignmentS);
      const [fromS, toS] = [startS - retention * durationS, startS + 2 * durationS];
      for (const bucket of await store.series(lab, resolution, fromS, toS, nowMs))
        all.push({ ...bucket, durationS });
    }
  return all;
}
