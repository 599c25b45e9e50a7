import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pause, type Service, startRedis, until } from '@humtemp/test-services';
import { CommitError, labPartition, PartitionsMissing } from '../index.js';
import {
  batchOf,
  CONTRACT_GRID,
  CONTRACT_OPTIONS,
  nowInBucket,
  pages,
  type Row,
} from '../store/store-contract.fixture.js';
import { PLACES } from './keys.js';
import { evenPlaces } from './places/placing.js';
import { ready } from './ready.fixture.js';
import { RedisStore, type RedisStoreOptions } from './redis-store.js';

const LABS = Array.from({ length: 100 }, (_, i) => `lab-${i}`);
const [PRIMARY] = CONTRACT_GRID.resolutions;

let servers: readonly Service[];

before(async () => {
  servers = await Promise.all([startRedis(), startRedis(), startRedis()]);
});
/** A test that fails leaves its stores open, which would keep this process from ending. */
const opened: RedisStore[] = [];
after(async () => {
  for (const store of opened) await store.close();
  await Promise.all(servers.map((server) => server.close()));
});

/** Servers that tests know by names, whatever their ports. */
function listOf(...names: readonly ('a' | 'b' | 'c')[]): string {
  return names.map((name) => `${servers['abc'.indexOf(name)]!.url}?name=${name}`).join(',');
}

function open(prefix: string, url: string, more: Partial<RedisStoreOptions> = {}): RedisStore {
  const store = new RedisStore({ ...CONTRACT_OPTIONS, url, prefix, replyTimeoutMs: 2000, ...more });
  opened.push(store);
  return store;
}

/** One observation of each lab, so many seconds ago. */
function rowsOf(labs: readonly string[], agoS: number): Row[] {
  return labs.map((lab, i) => [lab, agoS, i, agoS]);
}

const PLACED = evenPlaces(['a', 'b', 'c']);
const serverOf = (lab: string) => 'abc'[PLACED[labPartition(lab)]!]!;

describe('several independent Redis servers', () => {
  test('get as many places each, whatever their order, and no more is moved than a further one, or one less, needs', () => {
    const shareOf = (placed: readonly string[], name: string) => placed.filter((one) => one === name).length;
    const placesOf = (names: readonly string[], before?: readonly string[]) =>
      evenPlaces(names, (place) => before?.[place]).map((index) => names[index]!);
    let before = placesOf(['a', 'b', 'c']);
    assert.deepEqual(before, placesOf(['c', 'a', 'b']));
    for (const names of [
      ['a', 'b', 'c', 'd'],
      ['d', 'c', 'a'],
      ['c', 'd', 'a', 'e', 'f', 'g', 'h', 'i'],
      ['i'],
    ]) {
      const after = placesOf(names, before);
      const most = Math.ceil(PLACES.length / names.length);
      for (const name of names) assert.ok(shareOf(after, name) <= most, name);
      // Only what is beyond the share of its server, or is on one that is left out.
      let needed = 0;
      for (const name of new Set(before))
        needed += names.includes(name) ? Math.max(0, shareOf(before, name) - most) : shareOf(before, name);
      assert.equal(after.filter((name, place) => name !== before[place]).length, needed);
      before = after;
    }
  });

  test('one that is frozen holds up its own labs only, and nothing is read in part', async () => {
    const nowMs = nowInBucket();
    const store = open('frozen:', listOf('a', 'b', 'c'));
    await ready(store);
    await store.commit(batchOf(rowsOf(LABS, 1000), nowMs), nowMs);
    assert.deepEqual(await store.labs('', 1000, nowMs), [...LABS].sort());
    await servers[1]!.freeze();
    const theirs = LABS.filter((lab) => serverOf(lab) === 'b');
    const others = LABS.filter((lab) => serverOf(lab) !== 'b');
    // Those of other servers do not even wait.
    assert.equal((await store.commit(batchOf(rowsOf(others, 900), nowMs), nowMs)).committed, others.length);
    const failed = await store.commit(batchOf(rowsOf(LABS, 800), nowMs), nowMs).then(
      () => undefined,
      (error: unknown) => error as CommitError,
    );
    assert.ok(failed instanceof CommitError);
    assert.equal(failed.done.committed, others.length);
    assert.equal(failed.remaining.observations, theirs.length);
    await until(() => store.health() === 'degraded');
    await assert.rejects(
      store.ping(),
      /^PartitionsMissing: \d+ of 256 .* out of reach: Redis b is not connected/,
    );
    await assert.rejects(pages(store, PRIMARY!, Math.floor(nowMs / 1000), nowMs), PartitionsMissing);
    assert.equal(
      (await store.latest(others, nowMs)).every((one) => one !== undefined),
      true,
    );
    // A lab that is new is taken without those that nobody can count.
    const fresh = Array.from({ length: 50 }, (_, i) => `fresh-${i}`).filter((lab) => serverOf(lab) !== 'b');
    assert.equal((await store.commit(batchOf(rowsOf(fresh, 1), nowMs), nowMs)).committed, fresh.length);
    await servers[1]!.thaw();
    await ready(store);
    // What it did while nobody heard it is not counted again, and is no duplicate of itself.
    const { committed, duplicate } = await store.commit(failed.remaining, nowMs);
    assert.deepEqual([committed, duplicate], [theirs.length, 0]);
    const counts = await Promise.all(
      LABS.map(async (lab) => {
        const series = await store.series(lab, PRIMARY!, 0, nowMs / 1000 + 60, nowMs);
        return series.reduce((sum, { aggregate }) => sum + aggregate.observations, 0);
      }),
    );
    assert.deepEqual(
      counts,
      LABS.map((lab) => (serverOf(lab) === 'b' ? 2 : 3)),
    );
    await store.close();
  });

  test('refuse a process whose list lacks one that has labs, and take others in any order', async () => {
    const first = open('listed:', listOf('a', 'b'));
    await ready(first);
    await first.close();
    for (const [names, said] of [
      [['a', 'c'], /keeps the labs of these servers: a, b; HUMTEMP_REDIS_URL names a, c\./],
      [['a'], /keeps the labs of these servers: a, b; HUMTEMP_REDIS_URL names only one\./],
    ] as const) {
      const fatal: string[] = [];
      const store = open('listed:', listOf(...names), { onFatal: ({ message }) => fatal.push(message) });
      await until(() => fatal.length > 0);
      assert.match(fatal[0]!, said);
      assert.equal(store.health(), 'lost');
      await store.close();
      await pause(0);
    }
    const again = open('listed:', listOf('c', 'b', 'a'));
    await ready(again);
    const nowMs = nowInBucket();
    await again.commit(batchOf(rowsOf(LABS, 10), nowMs), nowMs);
    await again.close();
    // One that is named and has nothing gets nothing.
    const without = open('listed:', listOf('a', 'b'));
    await ready(without);
    assert.deepEqual(await without.labs('', 1000, nowMs), [...LABS].sort());
    await without.close();
  });

  test('refuse one that has labs of its own', async () => {
    for (const name of ['a', 'b'] as const) {
      const store = open('own:', listOf(name));
      await ready(store);
      await store.close();
    }
    const fatal: string[] = [];
    const both = open('own:', listOf('a', 'b'), { onFatal: ({ message }) => fatal.push(message) });
    await until(() => fatal.length > 0);
    assert.match(fatal[0]!, /keeps all labs for itself; HUMTEMP_REDIS_URL names a, b\./);
    await both.close();
  });
});
