import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type Service, startRedis, until } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { Batch, CommitError } from '../index.js';
import {
  batchOf,
  CONTRACT_GRID,
  CONTRACT_OPTIONS,
  contentOf,
  HOUR_S,
  nowInBucket,
  type Row,
} from '../store/store-contract.fixture.js';
import { ready } from './ready.fixture.js';
import { RedisStore, type RedisStoreOptions } from './redis-store.js';

let service: Service;
let client: Redis;

before(async () => {
  service = await startRedis({ directives: { appendonly: 'yes' } });
  client = new Redis(service.url);
});
after(async () => {
  client.disconnect();
  await service.close();
});

function open(prefix: string, more: Partial<RedisStoreOptions> = {}): RedisStore {
  return new RedisStore({ ...CONTRACT_OPTIONS, url: service.url, prefix, replyTimeoutMs: 5000, ...more });
}

/** What a store says that is refused: its end, once, and the same to whoever commits. */
async function refusalOf(prefix: string, more: Partial<RedisStoreOptions> = {}): Promise<string> {
  const fatal: string[] = [];
  const store = open(prefix, { ...more, onFatal: (error) => fatal.push(error.message) });
  try {
    await until(() => fatal.length > 0);
    assert.equal(store.health(), 'lost');
    await assert.rejects(store.ping(), { message: fatal[0]! });
    const nowMs = nowInBucket();
    await assert.rejects(store.commit(batchOf([['lab', 1, 1, 1]], nowMs), nowMs), CommitError);
    await assert.rejects(store.labs('', 1, nowMs), { message: fatal[0]! });
    assert.equal(fatal.length, 1);
    return fatal[0]!;
  } finally {
    await store.close();
  }
}

describe('a Redis that is not as it must be', () => {
  test('is marked with the layout when it is empty, and taken when it is of this layout', async () => {
    for (let i = 0; i < 2; i++) {
      const store = open('marked:');
      await ready(store);
      assert.equal(await client.get('marked:{books}:layout'), '{"layout":1,"partitions":256}');
      await store.close();
    }
  });

  for (const marker of [
    '{"layout":2,"partitions":256}',
    '{"layout":1,"partitions":256,"servers":["a","b"]}',
    '{"layout":1,"partitions":16}',
    'x',
  ])
    test(`is refused with a sentence when its marker is ${marker}`, async () => {
      await client.set('other:{books}:layout', marker);
      const refusal = await refusalOf('other:');
      assert.ok(refusal.startsWith('Redis has data of another layout under keys with the prefix other:'));
      assert.ok(refusal.includes(marker), refusal);
    });

  test('is refused with a sentence when it has buckets of the layout before, whoever goes on to write them', async () => {
    // A worker of an earlier version, which is killed while one of this version starts again and again.
    await client.zadd('earlier:labs:3', 1, 'lab');
    await client.set('earlier:bucket:{lab}:300:0', 'x');
    const before = (await client.keys('earlier:*')).sort();
    for (let i = 0; i < 2; i++)
      assert.match(
        await refusalOf('earlier:'),
        /^Redis has buckets of an earlier version of humtemp under keys/,
      );
    assert.deepEqual((await client.keys('earlier:*')).sort(), before, 'nothing was touched');
    // When what was there has expired, it is taken.
    await client.del('earlier:labs:3');
    const store = open('earlier:');
    await ready(store);
    await store.close();
  });

  test('is warned about, once, when buckets of the layout before are under keys without prefix', async () => {
    await client.zadd('labs:3', 1, 'lab');
    const warnings: string[] = [];
    const store = open('beside:', { onWarning: (message) => warnings.push(message) });
    await ready(store);
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await until(() => store.health() === 'degraded' || warnings.length > 0);
    await ready(store);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /earlier version of humtemp/);
    await store.close();
    await client.del('labs:3');
  });

  test('is refused with a sentence when it is a cluster and its address does not say so', async () => {
    const cluster = await startRedis({ directives: { 'cluster-enabled': 'yes' } });
    try {
      const refusal = await refusalOf('', { url: cluster.url });
      assert.match(refusal, /^Redis is a cluster .* write its address as redis\+cluster:/);
    } finally {
      await cluster.close();
    }
  });
});

test('a user of Redis with exactly the rights that the documentation lists can do everything', async () => {
  const docs = readFileSync(new URL('../../../../docs/stores.md', import.meta.url), 'utf8');
  const line = /^ACL SETUSER humtemp .*$/m.exec(docs)?.[0];
  assert.ok(line !== undefined, 'the documentation has the line');
  const rights = line.split(' ').slice(3);
  await client.call('ACL', 'SETUSER', 'humtemp', ...rights);
  await client.call('ACL', 'SETUSER', 'humtemp', '>secret');
  await client.config('RESETSTAT');
  const url = service.url.replace('redis://', 'redis://humtemp:secret@');
  const nowMs = nowInBucket();
  const faults: unknown[] = [];
  const warnings: string[] = [];
  const store = open('humtemp:', {
    url,
    deduplicationHorizonS: 24 * HOUR_S,
    onFault: (fault) => faults.push(fault),
    onWarning: (warning) => warnings.push(warning),
  });
  try {
    await ready(store);
    for (let i = 60; i >= 0; i--) {
      const batch = batchOf(
        [
          ['lab', i * 900, 20_000 + i, 50_000],
          ['lab', 30 * HOUR_S + i, i, i],
        ],
        nowMs,
      );
      batch.list({ atMs: nowMs, reason: 'not_json', source: 'test', excerpt: 'x' });
      await store.commit(batch, nowMs);
      await store.commit(batch, nowMs);
      await store.whenFolded();
    }
    await contentOf(store, nowMs);
    // A value that is set aside, and lists.
    const [head] = await client.keys('humtemp:{*:lab:lab');
    await client.set(head!, 'x');
    await store.commit(batchOf([['lab', 0, 1, 1]], nowMs), nowMs);
    await client.del(head!);
    await client.lpush(head!, 'x');
    await store.latest(['lab'], nowMs);
    await store.commit(batchOf([['lab', 0, 1, 1]], nowMs), nowMs);
    assert.equal(faults.length, 2);
    const counters = { received: 0, committed: 0, duplicate: 0, rejected: {}, in_flight: 0 };
    await store.reportLedger({ process: 'old', role: 'test', reportedMs: nowMs - 3_600_000, counters });
    await store.reportLedger({ process: 'p', role: 'test', reportedMs: nowMs, counters });
    assert.equal((await store.ledgers(nowMs)).length, 1);
    assert.equal((await store.rejections(9)).length, 5);
    assert.equal((await store.counted()).length, 1);
    assert.equal((await store.faults(9)).length, 2);
    await store.touchSession('s', 'me', 60);
    assert.equal(await store.sessionOwner('s'), 'me');
    assert.equal((await store.sessions()).length, 1);
    await store.forgetSession('s');
    await store.ping();
    const silent = new Batch();
    await store.commit(silent, nowMs);
    assert.deepEqual(warnings, []);
    const denied = await client.call('ACL', 'LOG');
    assert.deepEqual(
      // But the look for what a version before has left without prefix.
      (denied as unknown[][]).filter((entry) => !entry.includes('labs:0')),
      [],
      'nothing was denied',
    );
    const stats = await client.info('commandstats');
    const used = new Set([...stats.matchAll(/^cmdstat_([a-z|]+):/gm)].map(([, name]) => name!));
    for (const right of rights.filter((text) => text.startsWith('+')))
      assert.ok(used.has(right.slice(1)) || OCCASIONAL.includes(right), `${right} is not needed`);
  } finally {
    await store.close();
    await client.call('ACL', 'DELUSER', 'humtemp');
  }
});

/** Commands of rare moments: for another database than 0, and for a script that the server does not know. */
const OCCASIONAL = ['+select', '+eval'];

test('processes that commit new labs at the same time admit no more than the limit together', async () => {
  const nowMs = nowInBucket();
  const stores = await Promise.all(
    [1, 2, 3].map(async () => {
      const store = open('limit:', { labsMax: 100 });
      await ready(store);
      return store;
    }),
  );
  try {
    const results = await Promise.all(
      stores.map((store, i) =>
        store.commit(
          batchOf(
            Array.from({ length: 80 }, (_, n): Row => [`lab-${i % 2}-${n}`, 1, 20_000 + i, 50_000]),
            nowMs,
          ),
          nowMs,
        ),
      ),
    );
    const refused = new Set(results.flatMap(({ refusedLabs }) => [...refusedLabs]));
    assert.equal(refused.size, 60);
    assert.equal((await stores[0]!.labs('', 1000, nowMs)).length, 100);
    for (const { committed, tooManyLabs } of results) assert.equal(committed + tooManyLabs, 80);
  } finally {
    for (const store of stores) await store.close();
  }
});

test('one name of many labs is found without reading the others', async () => {
  const nowMs = nowInBucket();
  const store = open('many:', { labsMax: 100_000 });
  await ready(store);
  try {
    for (let from = 0; from < 20_000; from += 5000) {
      const rows = Array.from({ length: 5000 }, (_, i): Row => [`lab-${from + i}`, 1, 20_000, 50_000]);
      await store.commit(batchOf(rows, nowMs), nowMs);
    }
    const sent = async (limit: number) => {
      const before = await outputBytes();
      const names = await store.labs('', limit, nowMs);
      assert.equal(names.length, limit);
      return (await outputBytes()) - before;
    };
    const one = await sent(1);
    const hundred = await sent(100);
    assert.ok(one < 20_000 && hundred < 60_000, `${one} and ${hundred} bytes`);
    const all: string[] = [];
    for (let after = ''; ; ) {
      const page = await store.labs(after, 1700, nowMs);
      all.push(...page);
      if (page.length < 1700) break;
      after = page.at(-1)!;
    }
    const expected = Array.from({ length: 20_000 }, (_, i) => `lab-${i}`).sort();
    assert.deepEqual(all, expected);
    assert.equal(CONTRACT_GRID.resolutions.length, 3);
  } finally {
    await store.close();
  }
});

async function outputBytes(): Promise<number> {
  return Number(/total_net_output_bytes:(\d+)/.exec(await client.info('stats'))![1]);
}
