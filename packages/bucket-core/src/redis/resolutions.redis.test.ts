import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Service, startRedis } from '@humtemp/test-services';
import { addObservation, bucketGrid, bucketStartS, emptyAggregate } from '../index.js';
import { batchOf, CONTRACT_GRID, CONTRACT_OPTIONS, type Row } from '../store/store-contract.fixture.js';
import { ready } from './ready.fixture.js';
import { RedisStore } from './redis-store.js';

let service: Service;

before(async () => {
  service = await startRedis();
});
after(async () => {
  await service.close();
});

/** Each a commit: a row is a lab, seconds before now, temp and humidity. */
const COMMITS: Readonly<Record<string, readonly Row[]>> = {
  'several in one bin': [20_010, 20_020, 20_030].map((temp, i) => ['lab', i, temp, 50_010]),
  'several in one bin above the others': [21_010, 21_020, 21_030].map((temp, i) => ['lab', i, temp, 53_010]),
  'several in one bin that is held': [20_040, 20_050, 20_060].map((temp, i) => ['lab', i, temp, 50_020]),
  'one below the others': [['lab', 3, 18_000, 47_000]],
  'duplicates beside others, in many bins': [
    ['lab', 0, 20_010, 50_010],
    ['lab', 4, 20_510, 50_510],
    ['lab', 1, 21_020, 53_010],
    ['lab', 4, 20_510, 50_510],
    ['lab', 5, 23_000, 55_000],
  ],
};

test('histograms count what is fresh, each in its bin', async () => {
  // No border of buckets is near.
  const nowMs = (bucketStartS(Date.now(), 3600, CONTRACT_GRID.alignmentS) + 1900) * 1000;
  const store = new RedisStore({ ...CONTRACT_OPTIONS, url: service.url, prefix: '', replyTimeoutMs: 5000 });
  try {
    await ready(store);
    const counted = new Set<string>();
    const expected = emptyAggregate(true);
    for (const [name, rows] of Object.entries(COMMITS)) {
      for (const [, agoS, temp, humidity] of rows) {
        const identity = `${agoS} ${temp} ${humidity}`;
        if (!counted.has(identity)) addObservation(expected, nowMs - agoS * 1000, temp, humidity);
        counted.add(identity);
      }
      await store.commit(batchOf(rows, nowMs), nowMs);
      const [latest] = await store.latest(['lab'], nowMs);
      assert.deepEqual(latest?.aggregate, expected, name);
    }
  } finally {
    await store.close();
  }
});

test('all of 32 resolutions get what is theirs: histograms from an hour on', async () => {
  const nowMs = Date.now();
  const rollups = Array.from({ length: 31 }, (_, i) => ({ durationS: (i + 1) * 1800, retention: 100 }));
  const grid = bucketGrid(0, { durationS: 86_400, retention: 2 }, rollups);
  const options = { ...CONTRACT_OPTIONS, grid, url: service.url, prefix: 'many:', replyTimeoutMs: 5000 };
  const store = new RedisStore(options);
  try {
    await ready(store);
    await store.commit(batchOf([['lab', 0, 20_000, 50_000]], nowMs), nowMs);
    await store.commit(batchOf([['lab', 0, 20_000, 51_000]], nowMs), nowMs);
    for (const resolution of grid.resolutions) {
      const startS = bucketStartS(nowMs, resolution.durationS, 0);
      const [bucket] = await store.series('lab', resolution, startS, startS + 1, nowMs);
      const expected = emptyAggregate(resolution.durationS >= 3600);
      addObservation(expected, nowMs, 20_000, 50_000);
      addObservation(expected, nowMs, 20_000, 51_000);
      assert.deepEqual(bucket?.aggregate, expected, `${resolution.durationS} s`);
    }
  } finally {
    await store.close();
  }
});

test('a batch that reaches over hundreds of pages is counted in each of them', async () => {
  const nowMs = Date.now();
  const days = 30;
  const grid = bucketGrid(0, { durationS: 86_400, retention: days + 1 }, [
    { durationS: 300, retention: days * 288 },
  ]);
  const options = { ...CONTRACT_OPTIONS, grid, url: service.url, prefix: 'wide:', replyTimeoutMs: 5000 };
  const store = new RedisStore(options);
  try {
    await ready(store);
    const rows = Array.from({ length: 900 }, (_, i): Row => ['lab', (900 - i) * 2700, 20_000 + i, 50_000]);
    await store.commit(batchOf(rows, nowMs), nowMs);
    await store.whenFolded();
    for (const resolution of grid.resolutions) {
      const buckets = await store.series('lab', resolution, 0, nowMs / 1000 + 1, nowMs);
      const counted = buckets.reduce((sum, { aggregate }) => sum + aggregate.observations, 0);
      assert.equal(counted, rows.length, `${resolution.durationS} s`);
    }
  } finally {
    await store.close();
  }
});
