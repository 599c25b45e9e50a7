import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { pause, type Service, startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import type { Aggregate } from '../../index.js';
import {
  batchOf,
  CONTRACT_GRID,
  CONTRACT_OPTIONS,
  contentOf,
  HOUR_S,
  pages,
  type Row,
} from '../../store/store-contract.fixture.js';
import { ready } from '../ready.fixture.js';
import { RedisStore, type RedisStoreOptions } from '../redis-store.js';
import { Spreading, type SpreadOptions, SpreadProblem } from './spreading.js';

const LABS = Array.from({ length: 60 }, (_, i) => `lab-${i}`);
const [PRIMARY] = CONTRACT_GRID.resolutions;

let servers: readonly Service[];

before(async () => {
  servers = await Promise.all([startRedis(), startRedis(), startRedis(), startRedis()]);
});
/** A test that fails leaves its stores open, which would keep this process from ending. */
const opened: RedisStore[] = [];
after(async () => {
  for (const store of opened) await store.close();
  await Promise.all(servers.map((server) => server.close()));
});

function listOf(names: string): string {
  return [...names].map((name) => `${servers['abcd'.indexOf(name)]!.url}?name=${name}`).join(',');
}

async function open(
  prefix: string,
  names: string,
  more: Partial<RedisStoreOptions> = {},
): Promise<RedisStore> {
  const store = new RedisStore({
    ...CONTRACT_OPTIONS,
    url: listOf(names),
    prefix,
    replyTimeoutMs: 5000,
    ...more,
  });
  opened.push(store);
  await ready(store);
  return store;
}

function spreading(prefix: string, names: string, more: Partial<SpreadOptions> = {}): Spreading {
  return new Spreading({
    ...CONTRACT_OPTIONS,
    url: listOf(names),
    prefix,
    replyTimeoutMs: 5000,
    without: [],
    leaseMs: 500,
    dropAfterMs: 100,
    ...more,
  });
}

async function spread(prefix: string, names: string, more: Partial<SpreadOptions> = {}) {
  const one = spreading(prefix, names, more);
  try {
    return await one.run();
  } finally {
    one.close();
  }
}

/** Keys of a server, without those that every server has of its own. */
async function keysOf(name: string, prefix: string): Promise<string[]> {
  const client = new Redis(servers['abcd'.indexOf(name)]!.url);
  const keys = await client.keys(`${prefix}*`);
  client.disconnect();
  return keys.filter((key) => !/\{books\}:(layout|places|stamp)$|:done:|probe/.test(key));
}

/** Observations old and new, so that there are heads, raw pages and pages of every resolution. */
async function fill(store: RedisStore, nowMs: number): Promise<void> {
  for (const agoS of [40 * HOUR_S, 9 * HOUR_S, 4 * HOUR_S, 3 * HOUR_S, 1000, 10]) {
    const rows = LABS.flatMap((lab, i): Row[] => [0, 1, 2, 3, 4, 5].map((j) => [lab, agoS + j, i + j, agoS]));
    await store.commit(batchOf(rows, nowMs), nowMs);
    await store.whenFolded();
  }
}

function observations(aggregates: readonly Aggregate[]): number {
  return aggregates.reduce((sum, one) => sum + one.observations, 0);
}

describe('moving labs between independent servers', () => {
  test('moves only the share of one that is added, everything with it, and all off one that is drained', async () => {
    const prefix = 'moved:';
    const nowMs = middleOfBucket();
    let store = await open(prefix, 'abc');
    await fill(store, nowMs);
    const batch = batchOf([], nowMs);
    batch.list({ atMs: nowMs, reason: 'not_json', source: 'test', excerpt: 'x' });
    await store.commit(batch, nowMs);
    // For longer than the test takes, wherever it runs.
    await store.touchSession('s', 'me', HOUR_S);
    await store.share('labs', 'shared');
    const counters = { received: 1, committed: 1, duplicate: 0, rejected: {}, in_flight: 0 };
    await store.reportLedger({ process: 'p', role: 'test', reportedMs: nowMs, counters });
    const said = async (from: RedisStore) => ({
      content: await contentOf(from, nowMs),
      rejections: await from.rejections(9),
      sessions: await from.sessions(),
      owner: await from.sessionOwner('s'),
      ledgers: await from.ledgers(nowMs),
      counted: await from.counted(),
      shared: await from.shared('labs'),
    });
    const before = await said(store);
    await store.close();
    store = await open(prefix, 'abcd');
    assert.deepEqual(await said(store), before);
    assert.deepEqual(await keysOf('d', prefix), []);

    const moved: string[] = [];
    const report = await spread(prefix, 'abcd', { onProgress: ({ to }) => moved.push(to) });
    assert.equal(report.moved, moved.length);
    assert.equal(report.dropped, moved.length);
    assert.deepEqual([...new Set(moved)], ['d']);
    assert.ok(report.places.d! > 40 && report.places.d! < 90, `${report.places.d}`);
    assert.deepEqual(await said(store), before);
    assert.equal((await spread(prefix, 'abcd')).moved, 0);

    // Everything comes again: nothing counts twice.
    const again = await store.commit(batchOf([[LABS[0]!, 40 * HOUR_S, 0, 40 * HOUR_S]], nowMs), nowMs);
    assert.deepEqual([again.committed, again.duplicate], [0, 1]);

    // Two at once get into each other's way, and do no harm.
    await Promise.all([1, 2].map(() => spread(prefix, 'abcd', { without: ['d'] })));
    assert.deepEqual(await keysOf('d', prefix), []);
    const { counted: _, ...others } = await said(store);
    const { counted, ...same } = before;
    assert.deepEqual(others, same);
    await store.close();
    store = await open(prefix, 'abc');
    assert.deepEqual((await said(store)).content, before.content);
    assert.ok(counted.length > 0);
    await store.close();
  });

  test('leaves alone what another has moved while it was busy elsewhere', async () => {
    const prefix = 'both:';
    const nowMs = middleOfBucket();
    const store = await open(prefix, 'ab');
    await fill(store, nowMs);
    const before = await contentOf(store, nowMs);
    const options = { ...CONTRACT_OPTIONS, url: listOf('ab'), prefix, replyTimeoutMs: 5000, without: ['b'] };
    const { href } = new URL('./spreading.js', import.meta.url);
    const other =
      `const { Spreading } = await import(${JSON.stringify(href)});` +
      `const other = new Spreading({ ...${JSON.stringify(options)}, dropAfterMs: 0 });` +
      'await other.run(); other.close();';
    let moved = 0;
    const onProgress = () => {
      // This process stands still meanwhile, and knows nothing of it.
      if (++moved === 1) execFileSync(process.execPath, [...process.execArgv, '--eval', other]);
    };
    const { places } = await spread(prefix, 'ab', {
      without: ['b'],
      onProgress,
      // It does not look at the servers before it goes on.
      dropAfterMs: 5000,
    });
    assert.deepEqual(await contentOf(store, nowMs), before);
    assert.deepEqual(places, { a: 256, b: 0 });
    assert.equal(moved, 1);
    await store.close();
  });

  test('makes two of a store that began with one', async () => {
    const prefix = 'one:';
    const nowMs = middleOfBucket();
    let store = await open(prefix, 'a');
    await fill(store, nowMs);
    const before = await contentOf(store, nowMs);
    await store.close();
    store = await open(prefix, 'ab');
    const { places } = await spread(prefix, 'ab', { placesMax: 20 });
    assert.deepEqual(places, { a: 236, b: 20 });
    assert.deepEqual(await contentOf(store, nowMs), before);
    await store.close();
    // And one again.
    await spread(prefix, 'ab', { without: ['b'] });
    store = await open(prefix, 'a');
    assert.deepEqual(await contentOf(store, nowMs), before);
    await store.close();
  });

  test('goes on under load, is broken off again and again, and every reading sees all', async () => {
    const prefix = 'load:';
    const nowMs = middleOfBucket();
    await (await open(prefix, 'abc')).close();
    const writers = await Promise.all([open(prefix, 'abcd'), open(prefix, 'abcd')]);
    const reader = await open(prefix, 'abcd');
    await fill(writers[0]!, nowMs);
    const expected = observations(
      (await pages(reader, PRIMARY!, startOf(nowMs), nowMs)).map((one) => one.aggregate),
    );
    let isOver = false;
    let sent = 0;
    const done = [0, 0];
    const write = async (store: RedisStore, w: number) => {
      for (let i = 0; !isOver; i++) {
        const rows = LABS.filter((_, l) => l % 2 === w).map((lab): Row => [lab, 5 + i / 1000, i, w]);
        let open = batchOf(rows, nowMs);
        sent += rows.length;
        await pause(3);
        // As intake does: what is left is sent again until it is done.
        while (open.observations > 0)
          try {
            const { committed, duplicate } = await store.commit(open, nowMs);
            assert.equal(duplicate, 0);
            done[w]! += committed;
            break;
          } catch (error) {
            const failed = error as {
              done: { committed: number; duplicate: number };
              remaining: typeof open;
            };
            if (failed.remaining === undefined) throw error;
            assert.equal(failed.done.duplicate, 0);
            done[w]! += failed.done.committed;
            open = failed.remaining;
          }
      }
    };
    let readings = 0;
    const read = async () => {
      let last = 0;
      while (!isOver) {
        await pause(2);
        const found = await pages(reader, PRIMARY!, startOf(nowMs), nowMs);
        assert.equal(new Set(found.map(({ lab }) => lab)).size, LABS.length, `${found.length} labs`);
        const count = observations(found.map((one) => one.aggregate));
        assert.ok(count >= expected && count >= last, `${count} after ${last}`);
        last = count;
        assert.equal((await reader.latest(LABS, nowMs)).filter((one) => one === undefined).length, 0);
        assert.equal((await reader.labs('', 1000, nowMs)).length, LABS.length);
        const series = await reader.series(
          LABS[readings % LABS.length]!,
          CONTRACT_GRID.resolutions[2]!,
          0,
          nowMs,
          nowMs,
        );
        assert.ok(series.length >= 5, `${series.length} buckets`);
        readings += 1;
      }
    };
    const all = Promise.all([write(writers[0]!, 0), write(writers[1]!, 1), read()]);
    all.catch(() => {
      isOver = true;
    });
    for (const without of [[], ['b']] as const) {
      for (let broken = 0; broken < 3; broken++) {
        const one = spreading(prefix, 'abcd', { without });
        const running = one.run().catch(() => {});
        await pause(60 + Math.random() * 100);
        one.close();
        await running;
      }
      await spread(prefix, 'abcd', { without, placesMax: 12 });
    }
    await pause(20);
    isOver = true;
    await all;
    assert.equal(done[0]! + done[1]!, sent);
    const total = observations(
      (await pages(reader, PRIMARY!, startOf(nowMs), nowMs)).map((one) => one.aggregate),
    );
    assert.equal(total, expected + sent);
    assert.ok(readings > 3);
    for (const store of [...writers, reader]) await store.close();
  });

  test('says which server has died, in words of ours, and goes on when it is back', async () => {
    const prefix = 'dies:';
    const nowMs = middleOfBucket();
    const store = await open(prefix, 'ab');
    await fill(store, nowMs);
    await store.close();
    let moved = 0;
    const onProgress = () => {
      moved += 1;
      if (moved === 3) servers[2]!.kill();
    };
    await assert.rejects(spread(prefix, 'abc', { onProgress, replyTimeoutMs: 2000 }), {
      name: 'Error',
      message: /^Redis c is not connected: (connection closed|.*ECONNREFUSED.*|.*ECONNRESET.*)$/,
    });
    await servers[2]!.start();
    await spread(prefix, 'abc', { without: ['c'] });
  });

  test('a server that was given labs and has lost them is named when somebody asks whether all is ready', async () => {
    const prefix = 'lost:';
    const nowMs = middleOfBucket();
    const store = await open(prefix, 'ab');
    await fill(store, nowMs);
    const before = await contentOf(store, nowMs);
    await store.close();
    // It ends before old copies are deleted.
    let moved = 0;
    const onProgress = () => {
      moved += 1;
      if (moved === 5) throw new Error('ended');
    };
    await assert.rejects(spread(prefix, 'abc', { onProgress, dropAfterMs: 60_000 }), /ended/);
    const client = new Redis(servers[2]!.url);
    // What a server that dies loses when its file is a second behind.
    const keys = (await client.keys(`${prefix}*`)).filter((key) => !key.endsWith('{books}:layout'));
    await client.del(...keys);
    client.disconnect();
    const reader = new RedisStore({ ...CONTRACT_OPTIONS, url: listOf('abc'), prefix, replyTimeoutMs: 2000 });
    const why = () => reader.ping().then(String, (error: Error) => error.message);
    while (/not connected/.test(await why())) await pause(5);
    assert.match(
      await why(),
      /^5 of 256 partitions of labs are out of reach: Redis c was given them and has lost them .*: run humtemp spread again/,
    );
    await spread(prefix, 'abc', { placesMax: 0 });
    await ready(reader);
    assert.deepEqual(await contentOf(reader, nowMs), before);
    await reader.close();
  });

  test('refuses what cannot be right', async () => {
    const prefix = 'refused:';
    const store = await open(prefix, 'ab');
    await assert.rejects(spread(prefix, 'abc'), (error: Error) => {
      assert.ok(error instanceof SpreadProblem);
      assert.match(
        error.message,
        /^a process at \S+ is connected to Redis a that has another HUMTEMP_REDIS_URL/,
      );
      return true;
    });
    await store.close();
    assert.throws(
      () => spreading(prefix, 'ab', { without: ['c'] }),
      /no such server: c; HUMTEMP_REDIS_URL names a, b/,
    );
    assert.throws(() => spreading(prefix, 'ab', { without: ['a', 'b'] }), /one server has to be left/);
    await servers[1]!.freeze();
    try {
      await assert.rejects(
        spread(prefix, 'ab', { replyTimeoutMs: 300 }),
        /Redis b is not connected: .*\. Labs are moved while all servers are there/,
      );
    } finally {
      await servers[1]!.thaw();
    }
  });
});

/** A time of the last hours with all of the last 1,000 s in one bucket, Unix milliseconds. */
function middleOfBucket(): number {
  return (startOf(Date.now() - 500_000) + 1500) * 1000;
}

function startOf(nowMs: number): number {
  const { durationS } = PRIMARY!;
  return Math.floor((nowMs / 1000 - 1000 - 1234) / durationS) * durationS + 1234;
}
