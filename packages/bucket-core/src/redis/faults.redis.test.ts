import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pause, type Service, startRedis } from '@humtemp/test-services';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { Batch, type StoreFault } from '../index.js';
import {
  batchOf,
  CONTRACT_GRID,
  CONTRACT_OPTIONS,
  HOUR_S,
  nowInBucket,
  type Row,
} from '../store/store-contract.fixture.js';
import { Keys } from './keys.js';
import { ready } from './ready.fixture.js';
import { RedisStore } from './redis-store.js';

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

const LABS = Array.from({ length: 51 }, (_, i) => `lab-${i}`);
const SICK = 'lab-7';
const HOURS = CONTRACT_GRID.resolutions[2]!;

interface Scene {
  readonly store: RedisStore;
  readonly keys: Keys;
  readonly faults: StoreFault[];
  readonly nowMs: number;
  /** Commits one observation of each lab, so many seconds before now. */
  commit(agoS: number): Promise<void>;
  close(): Promise<void>;
}

/** A store whose labs have heads, raw pages and aggregate pages. */
async function openScene(history: number, labs: readonly string[] = LABS): Promise<Scene> {
  const prefix = `f${serial++}:`;
  const faults: StoreFault[] = [];
  const nowMs = nowInBucket();
  const store = new RedisStore({
    ...CONTRACT_OPTIONS,
    // So that hours have pages of their own.
    deduplicationHorizonS: 24 * HOUR_S,
    url: service.url,
    prefix,
    replyTimeoutMs: 5000,
    onFault: (fault) => faults.push(fault),
  });
  await ready(store);
  const commit = async (agoS: number) => {
    const rows = labs.map((lab, i): Row => [lab, agoS, 20_000 + i, 50_000]);
    const result = await store.commit(batchOf(rows, nowMs), nowMs);
    assert.equal(result.committed, labs.length);
  };
  for (let i = history; i > 0; i--) {
    await commit(i * 900);
    await store.whenFolded();
  }
  return { store, keys: new Keys(prefix), faults, nowMs, commit, close: () => store.close() };
}

async function observationsOf({ store, nowMs }: Scene): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const labs = await store.labs('', 100, nowMs);
  for (const bucket of await store.latest(labs, nowMs))
    if (bucket !== undefined) found.set(bucket.lab, bucket.aggregate.observations);
  return found;
}

/** Each makes a value unreadable, and says what is left of the sick lab when it has committed once more. */
const DAMAGES: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
  'another version': (key) => client.setrange(key, 0, '\u0003'),
  'another type': async (key) => {
    await client.del(key);
    await client.lpush(key, 'x');
  },
  'other bytes': (key) =>
    client.set(key, Buffer.from('not a head, but some text that somebody has put here')),
  'few bytes': (key) => client.set(key, 'x'),
  nothing: (key) => client.set(key, ''),
  'a cut end': async (key) => client.set(key, (await client.getBuffer(key))!.subarray(0, -5), 'KEEPTTL'),
  'a cut base': async (key) => client.set(key, (await client.getBuffer(key))!.subarray(0, 25), 'KEEPTTL'),
  'a changed byte': (key) => client.setrange(key, 16, '\u00ff'),
};

describe('a lab whose head is unreadable', () => {
  for (const [name, damage] of Object.entries(DAMAGES))
    test(`begins anew, and no other lab waits: ${name}`, async () => {
      const scene = await openScene(20);
      const { store, keys, faults, nowMs } = scene;
      try {
        const head = keys.head(SICK);
        await damage(head);
        await scene.commit(5);
        await scene.commit(4);
        // A reading finds what no commit has looked at; then the value is set aside.
        let found = await observationsOf(scene);
        assert.ok(found.size >= LABS.length - 1, `${found.size} labs`);
        for (let i = 0; i < 100 && (found.get(SICK) ?? 0) < 2; i++) {
          await pause(10);
          found = await observationsOf(scene);
        }
        assert.ok(found.get(SICK)! >= 2, 'what was committed after the damage is there');
        for (const lab of LABS) if (lab !== SICK) assert.ok(found.get(lab)! >= 2, lab);
        assert.ok(faults.length > 0);
        assert.deepEqual([...new Set(faults.map(({ lab, key }) => `${lab} ${key}`))], [`${SICK} ${head}`]);
        const listed = await store.faults(10);
        assert.equal(listed[0]?.key, head);
        assert.ok((await client.ttl(keys.aside(head))) > 0, 'it is kept for a while');
        await scene.commit(3);
        assert.equal((await store.commit(batchOf([[SICK, 3, 20_007, 50_000]], nowMs), nowMs)).duplicate, 1);
      } finally {
        await scene.close();
      }
    });

  test('is left out of a reading, and only it', async () => {
    const scene = await openScene(3);
    try {
      await client.set(scene.keys.head(SICK), 'x');
      const startS = Math.floor((scene.nowMs / 1000 - 1234) / 300) * 300 + 1234 - 900;
      const found: string[] = [];
      for await (const page of scene.store.buckets('all', CONTRACT_GRID.resolutions[1]!, startS, scene.nowMs))
        found.push(...page.map(({ lab }) => lab));
      assert.equal(found.length, LABS.length - 1);
      assert.ok(!found.includes(SICK));
      assert.deepEqual(
        scene.faults.map(({ lab }) => lab),
        [SICK],
      );
    } finally {
      await scene.close();
    }
  });
});

test('a page that is empty is a fault of its lab', async () => {
  const scene = await openScene(60);
  try {
    const pages = (await client.keys(`${scene.keys.prefix}*`)).filter((key) =>
      /}:(raw|agg):lab-7:/.test(key),
    );
    assert.ok(pages.length > 2);
    for (const key of pages) await client.set(key, '', 'KEEPTTL');
    const nowS = Math.floor(scene.nowMs / 1000);
    for (const resolution of CONTRACT_GRID.resolutions)
      await scene.store.series(SICK, resolution, nowS - 48 * HOUR_S, nowS, scene.nowMs);
    const faulty = new Set(scene.faults.map(({ lab, key }) => `${lab} ${key}`));
    for (const kind of ['raw', 'agg'])
      assert.ok(
        [...faulty].some((text) => text.startsWith(`${SICK} ${scene.keys.prefix}`) && text.includes(kind)),
        kind,
      );
    // It is set aside, and its lab goes on.
    for (let i = 0; i < 100 && (await client.exists(...pages)) === pages.length; i++) await pause(10);
    assert.ok((await client.exists(...pages)) < pages.length);
    await scene.commit(3);
  } finally {
    await scene.close();
  }
});

test('any value of a lab, replaced by any other, is a fault of that lab alone, whatever is done then', async () => {
  const labs = ['sick', 'well'];
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((array) => ({ kind: 'bytes' as const, array })),
    fc.record({ kind: fc.constant('cut' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constant('flip' as const), at: fc.nat(2000), by: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ kind: fc.constant('type' as const) }),
  );
  const scene = await openScene(120, labs);
  try {
    const { store, keys, nowMs } = scene;
    const { prefix } = keys;
    await fc.assert(
      fc.asyncProperty(bytes, fc.nat(1000), async (change, which) => {
        const all = (await client.keys(`${prefix}{*:sick*`)).filter((key) => !key.endsWith(':aside')).sort();
        const key = all[which % all.length]!;
        const value = await client.getBuffer(key).catch(() => null);
        if (change.kind === 'bytes') await client.set(key, Buffer.from(change.array), 'KEEPTTL');
        else if (change.kind === 'type') await client.multi().del(key).hset(key, 'a', 'b').exec();
        else if (value !== null && value.length > 0) {
          const copy = Buffer.from(value);
          if (change.kind === 'flip') copy[change.at % copy.length]! ^= change.by;
          const length = change.kind === 'cut' ? Math.floor(copy.length * change.share) : copy.length;
          await client.set(key, copy.subarray(0, length), 'KEEPTTL');
        }
        // Newest, late and a fold: all ways that a commit can take.
        const rows: Row[] = labs.flatMap((lab): Row[] => [
          ...Array.from({ length: 30 }, (_, i): Row => [lab, 5 - i / 10, 20_000 + ((which + i) % 5000), i]),
          [lab, 20 * HOUR_S + (which % 500), 21_000, which],
        ]);
        const result = await store.commit(batchOf(rows, nowMs), nowMs);
        assert.equal(result.committed + result.duplicate, rows.length);
        await store.whenFolded();
        for (const lab of labs)
          for (const resolution of CONTRACT_GRID.resolutions) {
            const buckets = await store.series(
              lab,
              resolution,
              nowMs / 1000 - 40 * HOUR_S,
              nowMs / 1000 + 60,
              nowMs,
            );
            if (lab === 'well') assert.ok(buckets.length > 0, `${resolution.durationS} s`);
          }
        for await (const page of store.buckets(
          'all',
          HOURS,
          Math.floor((nowMs / 1000 - 1234) / HOUR_S - 20) * HOUR_S + 1234,
          nowMs,
        ))
          assert.ok(page.length <= 2);
        const latest = await store.latest(labs, nowMs);
        assert.ok(latest[1] !== undefined);
      }),
      { numRuns: 150 },
    );
    assert.ok(scene.faults.length > 10);
    for (const { lab, key, reason } of scene.faults) assert.equal(lab, 'sick', `${key}: ${reason}`);
  } finally {
    await scene.close();
  }
});

test('lists and indexes of another type hold up no commit', async () => {
  const scene = await openScene(2);
  const { store, keys, faults, nowMs } = scene;
  try {
    const foreign = [keys.rejections(), keys.ledgers(), keys.sessions(), keys.faults()];
    for (let partition = 0; partition < 256; partition++)
      foreign.push(keys.labs(partition), keys.names(partition), keys.counts(partition));
    for (const key of foreign) {
      await client.del(key);
      await client.set(key, 'foreign');
    }
    for (const key of await client.keys(`${keys.prefix}{*:done:*`)) {
      await client.del(key);
      await client.sadd(key, 'foreign');
    }
    const batch = batchOf(
      LABS.map((lab): Row => [lab, 1, 1, 1]),
      nowMs + 3 * HOUR_S * 1000,
    );
    batch.list({ atMs: nowMs, reason: 'not_json', source: 'test', excerpt: 'listed' });
    assert.equal((await store.commit(batch, nowMs + 3 * HOUR_S * 1000)).committed, LABS.length);
    assert.deepEqual(
      (await store.rejections(5)).map(({ excerpt }) => excerpt),
      ['listed'],
    );
    await store.reportLedger({
      process: 'p',
      role: 'test',
      reportedMs: nowMs,
      counters: { received: 0, committed: 0, duplicate: 0, rejected: {}, in_flight: 0 },
    });
    assert.equal((await store.ledgers(nowMs)).length, 1);
    await store.touchSession('s', 'me', 60);
    assert.equal((await store.sessions()).length, 1);
    assert.deepEqual(await store.labs('', 100, nowMs), [...LABS].sort());
    assert.ok((await store.faults(100)).length > 0);
    assert.ok(faults.some(({ key }) => key === keys.rejections()));
    const only = new Batch();
    only.list({ atMs: nowMs, reason: 'not_json', source: 'test', excerpt: 'alone' });
    await store.commit(only, nowMs);
  } finally {
    await scene.close();
  }
});

test('a page that is full is written anew, and its lab goes on', async () => {
  const scene = await openScene(40, [SICK]);
  const { store, keys, nowMs, commit } = scene;
  const observations = async () => {
    const buckets = await store.series(SICK, HOURS, 0, nowMs / 1000 + 1, nowMs);
    return buckets.reduce((sum, { aggregate }) => sum + aggregate.observations, 0);
  };
  try {
    const key = (await client.keys(`${keys.prefix}*agg:${SICK}:*`)).sort()[0]!;
    const page = (await client.getBuffer(key))!;
    const before = await observations();
    const times = Math.ceil((1 << 20) / page.length);
    await client.set(key, Buffer.concat(Array(times).fill(page)), 'KEEPTTL');
    const full = await observations();
    // By the hour at which it runs, this page has one observation or more.
    assert.ok(full >= before + times - 1, `${full} after ${before}`);
    // Beside the oldest that was folded, so that they belong to this page.
    const more = 100;
    for (let i = 1; i <= more; i++) await commit(40 * 900 + i / 1000);
    await store.whenFolded();
    assert.equal(await observations(), full + more);
    assert.ok((await client.strlen(key)) < 16_384, 'the page is short again');
    assert.ok((await client.strlen(keys.head(SICK))) < 8192, 'its observations do not stay in the head');
    assert.deepEqual(scene.faults, []);
  } finally {
    await scene.close();
  }
});

test('a lab of which a page was full folds as before when the next page begins', async () => {
  const scene = await openScene(1, [SICK]);
  const { store, keys } = scene;
  const spanMs = 21_600_000;
  const pageMs = Math.floor(scene.nowMs / spanMs + 2) * spanMs;
  const tailBytesAfter = async (fromMs: number, commits = 30) => {
    for (let i = 0; i < commits; i++) {
      const batch = new Batch();
      for (let k = 0; k < 10; k++) batch.add(SICK, fromMs + (10 * i + k) * 10_000, 0, 20_000 + i, 50_000 + k);
      await store.commit(batch, fromMs + i * 100_000);
      await store.whenFolded();
    }
    return client.strlen(keys.head(SICK));
  };
  try {
    const usual = await tailBytesAfter(pageMs);
    const key = keys.rawPage(SICK, pageMs / spanMs);
    const page = (await client.getBuffer(key))!;
    await client.set(key, Buffer.concat(Array(Math.ceil((1 << 20) / page.length)).fill(page)), 'KEEPTTL');
    assert.ok(
      (await tailBytesAfter(pageMs + spanMs / 2)) > usual + 300 * 10,
      'sums are made of many at a time',
    );
    assert.ok((await tailBytesAfter(pageMs + spanMs, 120)) <= usual + 1024);
  } finally {
    await scene.close();
  }
});
