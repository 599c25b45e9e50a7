import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import {
  ABSENT,
  type Aggregate,
  addObservation,
  Batch,
  type BucketStore,
  bucketExpiryS,
  bucketGrid,
  bucketStartS,
  copyAggregate,
  emptyAggregate,
  IDENTITIES_MAX,
  keepsHistograms,
  parseRollups,
} from '../index.js';
import { meanwhileArbitrary, readMeanwhile } from './read-meanwhile.fixture.js';
import {
  batchOf,
  CONTRACT_GRID,
  CONTRACT_OPTIONS,
  commitsArbitrary,
  contentOf,
  HOUR_S,
  nowInBucket,
  type OpenStore,
  pages,
  type Row,
} from './store-contract.fixture.js';

/** The contract in its plainest form: remembers every observation and computes each bucket anew. */
class Model {
  readonly #counted = new Map<string, Row>();

  commit(rows: readonly Row[]): { committed: number; duplicate: number } {
    const before = this.#counted.size;
    for (const row of rows) if (!this.#counted.has(row.join(' '))) this.#counted.set(row.join(' '), row);
    const committed = this.#counted.size - before;
    return { committed, duplicate: rows.length - committed };
  }

  buckets(nowMs: number): Record<string, Aggregate> {
    const buckets: Record<string, Aggregate> = {};
    for (const [lab, agoS, temp, humidity] of this.#counted.values())
      for (const resolution of CONTRACT_GRID.resolutions) {
        const timestampMs = nowMs - agoS * 1000;
        const startS = bucketStartS(timestampMs, resolution.durationS, CONTRACT_GRID.alignmentS);
        if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) continue;
        const name = `${lab} ${resolution.durationS} ${startS}`;
        buckets[name] ??= emptyAggregate(keepsHistograms(resolution.durationS));
        addObservation(buckets[name], timestampMs, temp, humidity);
      }
    return buckets;
  }
}

/** Holds a store to the contract in bucket-store.ts. */
export function bucketStoreContract(name: string, open: OpenStore, runs = 40): void {
  describe(`${name} keeps the contract of a bucket store`, () => {
    const nowMs = nowInBucket();
    let store: BucketStore;
    const opened: BucketStore[] = [];
    const fresh = async (options = CONTRACT_OPTIONS) => {
      const one = await open(options);
      opened.push(one);
      return one;
    };
    before(async () => {
      store = await fresh();
    });
    after(async () => {
      for (const one of opened) await one.close();
    });

    test('an observation is in every resolution, with its values', async () => {
      const result = await store.commit(batchOf([['lab01', 10, 22_080, 51_530]], nowMs), nowMs);
      assert.deepEqual([result.committed, result.duplicate], [1, 0]);
      const { buckets, labs } = await contentOf(store, nowMs);
      assert.deepEqual(labs, ['lab01']);
      assert.equal(Object.keys(buckets).length, 3);
      for (const [name, aggregate] of Object.entries(buckets)) {
        const keeps = keepsHistograms(Number(name.split(' ')[1]));
        assert.equal(aggregate.observations, 1);
        assert.equal(aggregate.firstMs, nowMs - 10_000);
        assert.deepEqual(aggregate.temp, {
          count: 1,
          sum: 22_080,
          sumSquares: 2080 * 2080,
          min: 22_080,
          max: 22_080,
          last: 22_080,
          lastMs: nowMs - 10_000,
          histogram: keeps ? { firstBin: 220, counts: [1] } : undefined,
        });
      }
    });

    test('without histograms a bucket is the same but for them', async () => {
      const { durationS } = CONTRACT_GRID.resolutions[0]!;
      const startS = bucketStartS(nowMs - 10_000, durationS, CONTRACT_GRID.alignmentS);
      const [plain] = await pages(store, CONTRACT_GRID.resolutions[0]!, startS, nowMs, false);
      const [full] = await pages(store, CONTRACT_GRID.resolutions[0]!, startS, nowMs);
      const { temp, humidity } = full!.aggregate;
      assert.deepEqual(plain!.aggregate, {
        ...full!.aggregate,
        temp: { ...temp, histogram: undefined },
        humidity: { ...humidity, histogram: undefined },
      });
    });

    test('a repeated commit counts nothing and changes nothing', async () => {
      const before = await contentOf(store, nowMs);
      const result = await store.commit(batchOf([['lab01', 10, 22_080, 51_530]], nowMs), nowMs);
      assert.deepEqual([result.committed, result.duplicate], [0, 1]);
      assert.deepEqual(await contentOf(store, nowMs), before);
    });

    test('two different observations of the same moment both count', async () => {
      const result = await store.commit(batchOf([['lab01', 10, 22_081, 51_530]], nowMs), nowMs);
      assert.equal(result.committed, 1);
    });

    test('without temperature, only humidity is counted', async () => {
      await store.commit(batchOf([['dry', 1, ABSENT, 0]], nowMs), nowMs);
      const [latest] = await store.latest(['dry'], nowMs);
      assert.equal(latest?.aggregate.observations, 1);
      assert.deepEqual(latest?.aggregate.temp, emptyAggregate(true).temp);
      assert.equal(latest?.aggregate.humidity.count, 1);
    });

    test('a late observation lands in its own bucket', async () => {
      await store.commit(batchOf([['late', 26 * HOUR_S, 1000, 1000]], nowMs), nowMs);
      const hours = CONTRACT_GRID.resolutions[2]!;
      const startS = bucketStartS(nowMs - 26 * HOUR_S * 1000, HOUR_S, CONTRACT_GRID.alignmentS);
      assert.deepEqual(
        (await store.series('late', hours, startS, startS + 1, nowMs)).map((bucket) => bucket.startS),
        [startS],
      );
    });

    test('a series without histograms is the same but for these', async () => {
      await store.commit(
        batchOf(
          [1, 3700, 7400].map((agoS) => ['late', agoS, agoS, 1000]),
          nowMs,
        ),
        nowMs,
      );
      for (const resolution of CONTRACT_GRID.resolutions) {
        const { durationS } = resolution;
        const fromS = bucketStartS(nowMs - 6 * HOUR_S * 1000, durationS, CONTRACT_GRID.alignmentS);
        const toS = Math.ceil(nowMs / 1000) + 1;
        const read = (withHistograms: boolean) =>
          store.series('late', resolution, fromS, toS, nowMs, withHistograms);
        const whole = await read(true);
        assert.ok(whole.length > 0);
        assert.deepEqual(
          await read(false),
          whole.map((bucket) => ({ ...bucket, aggregate: copyAggregate(bucket.aggregate, false) })),
        );
      }
    });

    test('an observation whose buckets have all expired is not counted', async () => {
      const result = await store.commit(batchOf([['gone', 50 * HOUR_S, 1000, 1000]], nowMs), nowMs);
      assert.deepEqual([result.committed, result.expired], [0, 1]);
      assert.ok(!(await store.labs('', 100, nowMs)).includes('gone'));
    });

    test('a short bucket that starts late in a long one is kept to its own end', async () => {
      // Five hours after a border of days; the hour before the border of yesterday is kept for two days from its start.
      const alignmentS = Math.floor(nowMs / 1000) - 5 * HOUR_S - 100;
      const grid = bucketGrid(alignmentS, { durationS: 24 * HOUR_S, retention: 2 }, parseRollups('1h:2d'));
      const own = await fresh({ ...CONTRACT_OPTIONS, grid });
      const agoS = 29 * HOUR_S + 100 + 1800;
      const result = await own.commit(batchOf([['late', agoS, 20_000, 50_000]], nowMs), nowMs);
      assert.deepEqual([result.committed, result.expired], [1, 0]);
      const startS = alignmentS - 25 * HOUR_S;
      const [bucket] = await own.series('late', grid.resolutions[1]!, startS, startS + 1, nowMs);
      assert.equal(bucket?.aggregate.observations, 1);
      assert.deepEqual(await own.labs('', 9, nowMs), ['late']);
      assert.equal((await own.latest(['late'], nowMs))[0]?.startS, startS);
    });

    test('buckets may be kept for longer than a century', async () => {
      const grid = bucketGrid(0, { durationS: 24 * HOUR_S, retention: 100_000 }, parseRollups('1h:50000d'));
      const own = await fresh({ ...CONTRACT_OPTIONS, grid });
      const rows = (from: number): Row[] =>
        Array.from({ length: 40 }, (_, i) => ['lab', from + i * 7200, 20_000, 50_000]);
      assert.equal((await own.commit(batchOf(rows(1), nowMs), nowMs)).committed, 40);
      assert.equal((await own.commit(batchOf(rows(2), nowMs), nowMs)).committed, 40);
      const series = await own.series('lab', grid.resolutions[0]!, 0, Math.ceil(nowMs / 1000), nowMs);
      assert.equal(
        series.reduce((sum, { aggregate }) => sum + aggregate.observations, 0),
        80,
      );
    });

    test('what would have counted a while ago is not counted once its buckets have expired', async () => {
      const own = await fresh(CONTRACT_OPTIONS);
      const laterMs = nowMs + 72 * HOUR_S * 1000;
      const [before, after] = [
        batchOf([['old', 1, 1000, 1000]], nowMs),
        batchOf([['old', 1, 2000, 2000]], nowMs),
      ];
      await own.commit(before, nowMs);
      const result = await own.commit(after, laterMs);
      assert.deepEqual([result.committed, result.duplicate, result.expired], [0, 0, 1]);
    });

    test('more rows of one lab than a part holds are all counted once', async () => {
      const rows: Row[] = Array.from({ length: 2500 }, (_, i) => ['many', i / 1000, 20_000, i]);
      const result = await store.commit(batchOf([...rows, ...rows.slice(0, 10)], nowMs), nowMs);
      assert.deepEqual([result.committed, result.duplicate], [2500, 10]);
      const [latest] = await store.latest(['many'], nowMs);
      assert.equal(latest?.aggregate.humidity.count, 2500);
    });

    test('labs come in order, page by page', async () => {
      const all = await store.labs('', 100, nowMs);
      assert.deepEqual(all, ['dry', 'lab01', 'late', 'many']);
      assert.deepEqual(await store.labs('', 2, nowMs), ['dry', 'lab01']);
      assert.deepEqual(await store.labs('lab01', 2, nowMs), ['late', 'many']);
      assert.deepEqual(await store.latest(['nobody'], nowMs), [undefined]);
    });

    test('nothing is shown after it has expired', async () => {
      const laterMs = nowMs + 72 * HOUR_S * 1000;
      assert.deepEqual(await store.labs('', 100, laterMs), []);
      assert.deepEqual(await store.latest(['lab01'], laterMs), [undefined]);
      const { durationS } = CONTRACT_GRID.resolutions[0]!;
      const startS = bucketStartS(nowMs, durationS, CONTRACT_GRID.alignmentS);
      assert.deepEqual(await pages(store, CONTRACT_GRID.resolutions[0]!, startS, laterMs), []);
    });

    test('labs beyond the limit are refused, known ones are not', async () => {
      const small = await fresh({ ...CONTRACT_OPTIONS, labsMax: 2 });
      await small.commit(batchOf([['one', 1, 0, 0]], nowMs), nowMs);
      const rows: Row[] = [
        ['one', 2, 0, 0],
        ['two', 2, 0, 0],
        ['three', 2, 0, 0],
        ['three', 3, 0, 0],
      ];
      const result = await small.commit(batchOf(rows, nowMs), nowMs);
      assert.deepEqual([result.committed, result.tooManyLabs], [2, 2]);
      assert.deepEqual([...result.refusedLabs], ['three']);
      assert.deepEqual(await small.labs('', 9, nowMs), ['one', 'two']);
    });

    test('a lab with more identities than the store remembers is counted without deduplication, and said so', async () => {
      const small = await fresh();
      const hourStartMs = Math.floor(nowMs / 3_600_000) * 3_600_000 - 3_600_000;
      const rows = (from: number, count: number) => {
        const batch = new Batch();
        for (let i = from; i < from + count; i++)
          batch.add('busy', hourStartMs + i, 0, Math.imul(i, 0x9e3779b1) & 0x1ffff, (i * 7919) % 100_000);
        return batch;
      };
      assert.equal((await small.commit(rows(0, IDENTITIES_MAX - 100), nowMs)).suspended, 0);
      assert.equal((await small.commit(rows(0, 3), nowMs)).duplicate, 3, 'so many are always remembered');
      let suspended = 0;
      for (let k = 1; k < 9 && suspended === 0; k++) {
        const { committed } = await small.commit(rows(k * IDENTITIES_MAX, IDENTITIES_MAX), nowMs);
        assert.equal(committed, IDENTITIES_MAX);
        const repeated = await small.commit(rows(k * IDENTITIES_MAX + 1000, 3), nowMs);
        suspended = repeated.suspended;
        assert.equal(repeated.committed, suspended);
        assert.equal(repeated.duplicate, 3 - suspended);
      }
      assert.equal(suspended, 3);
    });

    test('with a horizon of 0 everything counts', async () => {
      const forgetful = await fresh({ ...CONTRACT_OPTIONS, deduplicationHorizonS: 0 });
      const rows: Row[] = [['lab', 1, 20_000, 50_000]];
      await forgetful.commit(batchOf(rows, nowMs), nowMs);
      assert.equal((await forgetful.commit(batchOf(rows, nowMs), nowMs)).committed, 1);
    });

    test('a reading of all labs shows each once and whole, whatever is committed and removed meanwhile', async () => {
      await fc.assert(
        fc.asyncProperty(meanwhileArbitrary, meanwhileArbitrary, async (whileBuckets, whileNames) => {
          const one = await open({ ...CONTRACT_OPTIONS, labsMax: 10_000 });
          try {
            await readMeanwhile(one, nowMs, whileBuckets, whileNames);
          } finally {
            await one.close();
          }
        }),
        { numRuns: Math.ceil(runs / 8) },
      );
    });

    test('any sequence of commits and repeats leaves what the observations say', async () => {
      await fc.assert(
        fc.asyncProperty(commitsArbitrary, async (commits) => {
          const one = await open(CONTRACT_OPTIONS);
          try {
            const model = new Model();
            for (const { rows, repeat } of commits) {
              const expected = model.commit(rows);
              const result = await one.commit(batchOf(rows, nowMs), nowMs);
              assert.deepEqual(
                [result.committed, result.duplicate],
                [expected.committed, expected.duplicate],
              );
              if (repeat) assert.equal((await one.commit(batchOf(rows, nowMs), nowMs)).committed, 0);
            }
            assert.deepEqual((await contentOf(one, nowMs)).buckets, model.buckets(nowMs));
          } finally {
            await one.close();
          }
        }),
        { numRuns: runs },
      );
    });
  });
}
