import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Service, startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import {
  type BucketGrid,
  bucketExpiryS,
  bucketGrid,
  bucketStartS,
  longestLivedResolution,
  parseRollups,
} from '../index.js';
import { batchOf, CONTRACT_OPTIONS, type Row } from '../store/store-contract.fixture.js';
import { Keys } from './keys.js';
import { PageGrid } from './pages/page-grid.js';
import { ready } from './ready.fixture.js';
import { RedisStore } from './redis-store.js';

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const dayS = bucketStartS(Date.now(), DAY_S, 0);
/** 13:40 of today: no border of buckets is near. */
const nowMs = (dayS + 13 * HOUR_S + 40 * 60) * 1000;

let service: Service;
let client: Redis;
let serial = 0;

before(async () => {
  service = await startRedis();
  client = new Redis(service.url);
});
after(async () => {
  client.disconnect();
  await service.close();
});

/** A grid of days and rollups. */
function days(retention: number, rollups: string, alignmentS = 0): BucketGrid {
  return bucketGrid(alignmentS, { durationS: DAY_S, retention }, parseRollups(rollups));
}

async function openStore(
  grid: BucketGrid,
  prefix: string,
  deduplicationHorizonS = CONTRACT_OPTIONS.deduplicationHorizonS,
): Promise<RedisStore> {
  const store = new RedisStore({
    ...CONTRACT_OPTIONS,
    grid,
    deduplicationHorizonS,
    url: service.url,
    prefix,
    replyTimeoutMs: 5000,
  });
  await ready(store);
  return store;
}

const OLDER: Row = ['lab', 13 * HOUR_S, 11_000, 50_000];
const NEWER: Row = ['lab', 60, 22_000, 50_000];
const NEWEST: Row = ['lab', 1, 23_000, 50_000];

const HOURLY = bucketGrid(0, { durationS: HOUR_S, retention: 168 }, []);
const HOURLY_AND_DAILY = bucketGrid(0, { durationS: HOUR_S, retention: 168 }, parseRollups('1d:365d'));

/** Each a configuration and another one after it. */
const CHANGES: Readonly<Record<string, readonly [BucketGrid, BucketGrid]>> = {
  'a retention raised, so that days live longest': [days(2, '1h:7d'), days(30, '1h:7d')],
  'a retention lowered, so that hours live longest': [days(30, '1h:7d'), days(2, '1h:7d')],
  'borders moved back': [days(2, '5m:1d,1h:7d', 1800), days(2, '5m:1d,1h:7d')],
  'borders moved ahead': [days(2, '5m:1d,1h:7d'), days(2, '5m:1d,1h:7d', 1800)],
  'a resolution added that lives longest': [HOURLY, HOURLY_AND_DAILY],
  'the resolution that lived longest removed': [HOURLY_AND_DAILY, HOURLY],
};

describe('after a change of the configuration', () => {
  for (const [name, [earlier, later]] of Object.entries(CHANGES))
    test(`the latest observation of a lab is known, and the lab for as long as its bucket: ${name}`, async () => {
      const prefix = `t${serial++}:`;
      const before = await openStore(earlier, prefix);
      await before.commit(batchOf([OLDER, NEWER], nowMs), nowMs);
      await before.close();

      const store = await openStore(later, prefix);
      try {
        const latest = async () => (await store.latest(['lab'], nowMs))[0]?.aggregate.temp.last;
        assert.equal(await latest(), NEWER[2]);
        await assertKnownUntilExpiry(store, later);
        await store.commit(batchOf([NEWEST], nowMs), nowMs);
        assert.equal(await latest(), NEWEST[2]);
        const { durationS } = longestLivedResolution(later);
        const startS = bucketStartS(nowMs, durationS, later.alignmentS);
        assert.equal((await store.latest(['lab'], nowMs))[0]?.startS, startS, 'of the longest-lived bucket');
        await assertKnownUntilExpiry(store, later);
      } finally {
        await store.close();
      }
    });

  test('what is added to lives as long as the new retention and horizon say', async () => {
    const rows = (from: number, stepS: number) =>
      Array.from({ length: 40 }, (_, i): Row => ['lab', from - i * stepS, 20_000 + i, 50_000]);
    const before = await openStore(days(2, '5m:1d'), 'raised:', 24 * HOUR_S);
    // Of many in one commit all would wait for more.
    const commitFew = async (store: RedisStore, all: readonly Row[]) => {
      for (let i = 0; i < all.length; i += 4) await store.commit(batchOf(all.slice(i, i + 4), nowMs), nowMs);
      await store.whenFolded();
    };
    await commitFew(before, rows(3000, 60));
    await before.close();
    const keys = new Keys('raised:');
    const pages = new PageGrid(days(2, '5m:1d'), 24 * HOUR_S);
    const head = keys.head('lab');
    const page = keys.rawPage('lab', pages.rawPage(nowMs));
    const pageEndS = pages.rawStartMs(pages.rawPage(nowMs) + 1) / 1000;
    assert.equal(await client.expiretime(head), dayS + 2 * DAY_S);
    assert.equal(await client.expiretime(page), pageEndS + 24 * HOUR_S);

    const store = await openStore(days(30, '5m:1d'), 'raised:', 26 * HOUR_S);
    try {
      await commitFew(store, rows(590, 14));
      assert.equal(await client.expiretime(head), dayS + 30 * DAY_S);
      assert.equal(await client.expiretime(page), pageEndS + 26 * HOUR_S);
    } finally {
      await store.close();
    }
  });
});

test('a bucket of all labs has the lab whose last commit came before the change', async () => {
  const before = await openStore(HOURLY_AND_DAILY, 'shorter:');
  await before.commit(batchOf([OLDER], nowMs), nowMs);
  await before.commit(batchOf([NEWER], nowMs), nowMs);
  await before.close();
  const store = await openStore(HOURLY, 'shorter:');
  try {
    const labs: string[] = [];
    const startS = bucketStartS(nowMs, HOUR_S, 0);
    for await (const page of store.buckets('all', HOURLY.resolutions[0]!, startS, nowMs))
      for (const { lab } of page) labs.push(lab);
    assert.deepEqual(labs, ['lab']);
  } finally {
    await store.close();
  }
});

/** The lab is listed until the longest-lived bucket of its newest observation expires, and no longer. */
async function assertKnownUntilExpiry(store: RedisStore, grid: BucketGrid): Promise<void> {
  const longest = longestLivedResolution(grid);
  const startS = bucketStartS(nowMs - 60_000, longest.durationS, grid.alignmentS);
  const expiryMs = bucketExpiryS(startS, longest) * 1000;
  assert.deepEqual(await store.labs('', 9, expiryMs - 1), ['lab']);
  assert.deepEqual(await store.labs('', 9, expiryMs), []);
  assert.deepEqual(await store.latest(['lab'], expiryMs), [undefined]);
}
