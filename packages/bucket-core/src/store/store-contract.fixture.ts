import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  ABSENT,
  type Aggregate,
  Batch,
  type BucketGrid,
  type BucketStore,
  bucketGrid,
  bucketStartS,
  type LabBucket,
  type Resolution,
  type Store,
  type StoreOptions,
} from '../index.js';

/** Opens an empty store. */
export type OpenStore = (options: StoreOptions) => Promise<Store>;

/** One observation as tests write it: lab, seconds before now, temp and humidity in thousandths. */
export type Row = readonly [lab: string, agoS: number, temp: number, humidity: number];

export const HOUR_S = 3600;

/** A grid with rollups, aligned to nothing in particular. */
export const CONTRACT_GRID: BucketGrid = bucketGrid(1234, { durationS: 2 * HOUR_S, retention: 3 }, [
  { durationS: 300, retention: 24 },
  { durationS: HOUR_S, retention: 48 },
]);

export const CONTRACT_OPTIONS: StoreOptions = {
  grid: CONTRACT_GRID,
  deduplicationHorizonS: 48 * HOUR_S,
  labsMax: 1000,
  rejectionsMax: 5,
};

/**
 * The newest moment, in ms, that is at least so many seconds away from every border of the contract grid. Tests take it
 * for now: what they commit "so many seconds ago" is then in one bucket of each resolution, whenever they run.
 */
export function nowInBucket(marginS = 60): number {
  const nowMs = Date.now();
  // The borders of the longer resolutions are borders of the shortest one as well.
  const durationMs = Math.min(...CONTRACT_GRID.resolutions.map(({ durationS }) => durationS)) * 1000;
  const marginMs = marginS * 1000;
  const sinceMs = (nowMs - CONTRACT_GRID.alignmentS * 1000) % durationMs;
  if (sinceMs < marginMs) return nowMs - sinceMs - marginMs;
  return nowMs - Math.max(0, sinceMs - (durationMs - marginMs));
}

export function batchOf(rows: readonly Row[], nowMs: number): Batch {
  const batch = new Batch();
  for (const [lab, agoS, temp, humidity] of rows) {
    const timestampMs = nowMs - agoS * 1000;
    batch.add(lab, timestampMs, 0, temp, humidity);
  }
  return batch;
}

/** Everything that a store says, in one comparable form. */
export async function contentOf(store: BucketStore, nowMs: number, grid = CONTRACT_GRID) {
  const labs = await store.labs('', 1000, nowMs);
  const buckets: Record<string, Aggregate> = {};
  for (const resolution of grid.resolutions) {
    const newest = bucketStartS(nowMs + 60_000, resolution.durationS, grid.alignmentS);
    const oldest = newest - resolution.durationS * resolution.retention;
    for (let startS = oldest; startS <= newest; startS += resolution.durationS)
      for (const bucket of await pages(store, resolution, startS, nowMs))
        buckets[`${bucket.lab} ${resolution.durationS} ${startS}`] = bucket.aggregate;
    const seriesOf = await store.seriesOf(labs, resolution, oldest, newest + 1, nowMs);
    for (const [i, lab] of labs.entries()) {
      const series = await store.series(lab, resolution, oldest, newest + 1, nowMs);
      assert.deepEqual(seriesOf[i], series, 'series of one lab and of many agree');
      for (const bucket of series)
        assert.deepEqual(
          bucket.aggregate,
          buckets[`${lab} ${resolution.durationS} ${bucket.startS}`],
          'series and summaries agree',
        );
    }
  }
  return { labs, buckets, latest: await store.latest(labs, nowMs) };
}

/** All buckets of a reading. */
export async function pages(
  store: BucketStore,
  resolution: Resolution,
  startS: number,
  nowMs: number,
  withHistograms = true,
) {
  const buckets: LabBucket[] = [];
  for await (const page of store.buckets('all', resolution, startS, nowMs, withHistograms))
    buckets.push(...page);
  return buckets;
}

const value = (min: number, max: number) =>
  fc.oneof(
    { arbitrary: fc.integer({ min, max }), weight: 5 },
    { arbitrary: fc.constantFrom(min, 0, max), weight: 1 },
  );

/** Few labs, times and values, so that duplicates, shared buckets and late observations are frequent. */
export const rowArbitrary: fc.Arbitrary<Row> = fc
  .tuple(
    fc.constantFrom('a', 'b/1', 'lab-3', 'A.very_long-lab/id.of.fifty.characters/0123456789-x'),
    fc.oneof(
      fc.integer({ min: 0, max: 600 }),
      fc.integer({ min: 0, max: 30 * HOUR_S }),
      fc.constantFrom(0, 0.001, 299.999, 300, 3600, -59),
    ),
    fc.option(value(-100_000, 200_000), { nil: ABSENT }),
    value(0, 100_000),
  )
  .map(([lab, agoS, temp, humidity]) => [lab, agoS, temp, humidity] as const);

/** Commits of a random test; each may be sent a second time, as after a lost reply. */
export const commitsArbitrary = fc.array(
  fc.record({ rows: fc.array(rowArbitrary, { maxLength: 30 }), repeat: fc.boolean() }),
  { maxLength: 6 },
);
