import assert from 'node:assert/strict';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { memoryFolder, until } from '@humtemp/test-services';
import fc from 'fast-check';
import { Batch, type BucketGrid, bucketGrid, type StoreOptions } from '../index.js';
import {
  batchOf,
  CONTRACT_OPTIONS,
  commitsArbitrary,
  contentOf,
  type Row,
} from '../store/store-contract.fixture.js';
import { EmbeddedStore } from './embedded-store.js';
import { CatalogKeeper } from './engine/catalog-keeper.js';

const memory = memoryFolder('humtemp-configuration');
const folder = memory.path;
let serial = 0;
const newDir = () => join(folder, `${serial++}`);

after(() => memory.remove());

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const DAY = { durationS: DAY_S, retention: 2 };
const HOUR = { durationS: HOUR_S, retention: 168 };
const FIVE_MINUTES = { durationS: 300, retention: 288 };
/** In the afternoon of a day in UTC: of tomorrow, as a store that opens removes what has expired by the real clock. */
const nowMs = (Math.floor(Date.now() / (DAY_S * 1000) + 1) * DAY_S + 15.5 * HOUR_S) * 1000;

const optionsOf = (grid: BucketGrid, deduplicationHorizonS = 2 * DAY_S): StoreOptions => ({
  ...CONTRACT_OPTIONS,
  grid,
  deduplicationHorizonS,
});

/** What a process that is killed now leaves. */
function leftBy(dataDir: string): string {
  const left = newDir();
  cpSync(dataDir, left, { recursive: true });
  return left;
}

async function commit(store: EmbeddedStore, rows: readonly Row[], atMs = nowMs): Promise<void> {
  await store.commit(batchOf(rows, atMs), atMs);
}

/** Opens the folder for `use`, and closes it. */
async function openFor<T>(
  dataDir: string,
  options: StoreOptions,
  use: (store: EmbeddedStore) => Promise<T>,
): Promise<T> {
  const store = await EmbeddedStore.open({ ...options, dataDir });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** Value of the lab's latest observation, and whether it is listed. */
async function latestOf(
  store: EmbeddedStore,
  lab: string,
): Promise<[last: number | undefined, listed: boolean]> {
  const [newest] = await store.latest([lab], nowMs);
  const listed = await store.labs('', 10, nowMs);
  return [newest?.aggregate.temp.last, listed.includes(lab)];
}

/** Observations of the lab in each resolution, in all buckets together. */
async function countsOf(store: EmbeddedStore, lab: string, atMs = nowMs): Promise<number[]> {
  const { alignmentS, resolutions } = store.options.grid;
  const fromS = alignmentS + Math.floor(atMs / 1000 / DAY_S - 10) * DAY_S;
  const counts: number[] = [];
  for (const resolution of resolutions) {
    const buckets = await store.series(lab, resolution, fromS, atMs / 1000 + DAY_S, atMs);
    counts.push(buckets.reduce((sum, { aggregate }) => sum + aggregate.observations, 0));
  }
  return counts;
}

test('the latest observation of a lab is the same under any grid that has a bucket of it', async () => {
  const long = { ...DAY, retention: 30 };
  const shifted = 1800;
  const cases: [name: string, before: BucketGrid, after: BucketGrid][] = [
    ['the day lives longest from now on', bucketGrid(0, DAY, [HOUR]), bucketGrid(0, long, [HOUR])],
    ['the hour lives longest from now on', bucketGrid(0, long, [HOUR]), bucketGrid(0, DAY, [HOUR])],
    ['what lives longest is new', bucketGrid(0, HOUR, [FIVE_MINUTES]), bucketGrid(0, long, [HOUR])],
    ['what lived longest is taken out', bucketGrid(0, DAY, [HOUR]), bucketGrid(0, DAY, [FIVE_MINUTES])],
    ['other borders', bucketGrid(shifted, HOUR, [FIVE_MINUTES]), bucketGrid(0, HOUR, [FIVE_MINUTES])],
  ];
  for (const [name, before, later] of cases) {
    const dataDir = newDir();
    const rows: Row[] = [
      ['x', 14 * HOUR_S, 11_000, 0],
      ['x', 60, 22_000, 0],
    ];
    await openFor(dataDir, optionsOf(before), async (store) => {
      await commit(store, rows);
      // Both grids have the last one in one of these.
      await commit(store, [['x', 60, 22_000, 1]]);
    });
    await openFor(dataDir, optionsOf(later), async (store) => {
      const isKept = later.resolutions.some((one) =>
        before.resolutions.some((old) => old.durationS === one.durationS),
      );
      assert.ok(isKept);
      assert.deepEqual(await latestOf(store, 'x'), [22_000, true], name);
      await commit(store, [['x', 1, 23_000, 0]]);
      assert.deepEqual(await latestOf(store, 'x'), [23_000, true], name);
      await commit(store, [['x', 13 * HOUR_S, 9000, 0]]);
      assert.deepEqual(await latestOf(store, 'x'), [23_000, true], `${name}, after a late one`);
    });
  }
});

test('what a killed process acknowledged is in every resolution of its own configuration, not of the next', async () => {
  const usual = optionsOf(bucketGrid(0, DAY, [HOUR]));
  const other = optionsOf(bucketGrid(0, DAY, [FIVE_MINUTES]));
  const dataDir = newDir();
  const left = await openFor(dataDir, usual, async (store) => {
    for (const temp of [1, 2, 3]) await commit(store, [['x', 60, temp, 0]]);
    return leftBy(dataDir);
  });
  await openFor(left, other, async (store) => assert.deepEqual(await countsOf(store, 'x'), [3, 0]));
  await openFor(left, usual, async (store) => assert.deepEqual(await countsOf(store, 'x'), [3, 3]));
});

test('what a killed process counted once is counted once, also if duplicates are counted from now on', async () => {
  const grid = bucketGrid(0, DAY, [HOUR]);
  const dataDir = newDir();
  const left = await openFor(dataDir, optionsOf(grid), async (store) => {
    for (let i = 0; i < 3; i++) await commit(store, [['x', 60, 20_000, 0]]);
    return leftBy(dataDir);
  });
  await openFor(left, optionsOf(grid, 0), async (store) => {
    assert.deepEqual(await countsOf(store, 'x'), [1, 1]);
    await commit(store, [['x', 60, 20_000, 0]]);
    assert.deepEqual(await countsOf(store, 'x'), [2, 2]);
  });
});

/**
 * Several borders and resolutions; but what is in a bucket of one has not expired in another that has the same buckets:
 * it may be removed there at any time, or come back if it has not been.
 */
const gridArbitrary = fc.constantFrom(
  bucketGrid(1234, { durationS: 2 * HOUR_S, retention: 3 }, [FIVE_MINUTES, HOUR]),
  bucketGrid(0, DAY, [HOUR]),
  bucketGrid(0, { ...DAY, retention: 30 }, [FIVE_MINUTES]),
  bucketGrid(1800, HOUR, []),
);

test('changes of the configuration lose and repeat nothing, whenever the process is killed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          grid: gridArbitrary,
          horizonS: fc.constantFrom(0, 2 * DAY_S),
          commits: commitsArbitrary,
          killed: fc.boolean(),
          /** After how many changes of the catalog of the next start it is killed, too. */
          killedAgain: fc.integer({ min: 0, max: 6 }),
        }),
        { minLength: 2, maxLength: 4 },
      ),
      fc.constantFrom({}, { memoryBytesMax: 0, journalBytesMax: 1 }, { journalBytesMax: 4000 }),
      async (spans, limits) => {
        let dataDir = newDir();
        mkdirSync(dataDir);
        const plainDir = newDir();
        for (const { grid, horizonS, commits, killed, killedAgain } of spans) {
          const options = optionsOf(grid, horizonS);
          const plain = await EmbeddedStore.open({ ...options, dataDir: plainDir });
          if (killed) dataDir = await leftByStart(dataDir, { ...options, ...limits }, killedAgain);
          const store = await EmbeddedStore.open({ ...options, ...limits, dataDir });
          assert.deepEqual(await contentOf(store, nowMs, grid), await contentOf(plain, nowMs, grid));
          for (const { rows } of commits) {
            const batch = batchOf(rows, nowMs);
            assert.deepEqual(await store.commit(batch, nowMs), await plain.commit(batch, nowMs));
          }
          assert.deepEqual(await contentOf(store, nowMs, grid), await contentOf(plain, nowMs, grid));
          const left = killed ? leftBy(dataDir) : dataDir;
          await store.close();
          dataDir = left;
          // It saves everything, and so has nothing to replay.
          await plain.close();
        }
      },
    ),
    { numRuns: 5 },
  );
});

/** What is left by a start that is killed after so many changes of its catalog; or after the start, if it has fewer. */
async function leftByStart(dataDir: string, options: StoreOptions, changes: number): Promise<string> {
  const copies = [leftBy(dataDir)];
  const { change } = CatalogKeeper.prototype;
  CatalogKeeper.prototype.change = async function (this: CatalogKeeper, changed) {
    await change.call(this, changed);
    copies.push(leftBy(dataDir));
  };
  try {
    await (await EmbeddedStore.open({ ...options, dataDir })).close();
  } finally {
    CatalogKeeper.prototype.change = change;
  }
  return copies[Math.min(changes, copies.length - 1)]!;
}

test('buckets of a resolution that is taken out come back with it, and are removed when they were to expire', async () => {
  const usual = optionsOf(bucketGrid(0, DAY, [HOUR]));
  const other = optionsOf(bucketGrid(0, DAY, []));
  const dataDir = newDir();
  await openFor(dataDir, usual, (store) => commit(store, [['x', 60, 1000, 0]]));
  const hoursOf = ({ engine }: EmbeddedStore) =>
    engine.labs.formerResolutions.some(({ durationS }) => durationS === HOUR_S);
  // An observation of another lab, so that the store looks for what has expired.
  const later = (days: number) => nowMs + days * DAY_S * 1000;
  await openFor(dataDir, other, async (store) => {
    await commit(store, [['y', 0, 1, 1]], later(6));
    assert.equal(hoursOf(store), true);
  });
  await openFor(dataDir, usual, async (store) => {
    assert.deepEqual(await countsOf(store, 'x', later(6)), [0, 1]);
    const batch = batchOf([['x', 120, 2000, 0]], nowMs);
    await store.commit(batch, later(6));
    assert.deepEqual(await countsOf(store, 'x', later(6)), [0, 2]);
  });
  await openFor(dataDir, other, async (store) => {
    assert.equal(hoursOf(store), true);
    // Each is done when the next one has been; the second finds that there are none left.
    for (const days of [8, 8.5, 9]) await commit(store, [], later(days));
    assert.equal(hoursOf(store), false);
    await until(() => store.engine.catalog.content.configuration.formerResolutions.length === 0);
    assert.equal(store.engine.labs.isKnown('x'), false);
  });
});

test('rejections beyond a limit that was lowered are neither shown nor kept', async () => {
  const dataDir = newDir();
  const options = optionsOf(bucketGrid(0, DAY, []));
  const reject = (store: EmbeddedStore, excerpt: string) => {
    const batch = new Batch();
    batch.list({ atMs: nowMs, reason: 'not_json', source: 'x', excerpt });
    return store.commit(batch, nowMs);
  };
  const excerpts = async (store: EmbeddedStore) => (await store.rejections(10)).map(({ excerpt }) => excerpt);
  await openFor(dataDir, { ...options, rejectionsMax: 5 }, async (store) => {
    for (const excerpt of '12345') await reject(store, excerpt);
  });
  await openFor(dataDir, { ...options, rejectionsMax: 2 }, async (store) => {
    assert.deepEqual(await excerpts(store), ['5', '4']);
    await reject(store, '6');
    await reject(store, '7');
    assert.deepEqual(await excerpts(store), ['7', '6']);
    assert.equal(store.engine.books.rejections.length, 2);
  });
  await openFor(dataDir, { ...options, rejectionsMax: 0 }, async (store) => {
    assert.deepEqual(await excerpts(store), []);
    await commit(store, []);
    await commit(store, []);
    assert.equal(store.engine.books.rejections.length, 0);
  });
});
