import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pause, type RedisCluster, type Service, startRedisCluster, until } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { EmbeddedStore } from '../embedded/index.js';
import { CommitError, labPartition, PartitionsMissing } from '../index.js';
import { bucketRestoreContract } from '../store/bucket-restore.suite.js';
import {
  batchOf,
  CONTRACT_GRID,
  CONTRACT_OPTIONS,
  nowInBucket,
  pages,
  type Row,
} from '../store/store-contract.fixture.js';
import { ready } from './ready.fixture.js';
import { RedisStore, type RedisStoreOptions } from './redis-store.js';

const LABS = Array.from({ length: 150 }, (_, i) => `lab-${i}`);
const [PRIMARY] = CONTRACT_GRID.resolutions;

const MASTERS = 3;

let cluster: RedisCluster;

before(async () => {
  cluster = await startRedisCluster(MASTERS, 1, { directives: { appendonly: 'yes', appendfsync: 'always' } });
});
after(() => cluster.close());

async function open(prefix: string, more: Partial<RedisStoreOptions> = {}): Promise<RedisStore> {
  const options = { ...CONTRACT_OPTIONS, replyTimeoutMs: 2000, prefix, url: cluster.url, ...more };
  const store = new RedisStore(options);
  await ready(store);
  return store;
}

const folder = mkdtempSync(join(tmpdir(), 'humtemp-cluster-'));
let serial = 0;
after(() => rmSync(folder, { recursive: true }));

bucketRestoreContract(
  'a cluster, from an embedded store,',
  (options) => EmbeddedStore.open({ ...options, dataDir: join(folder, `${serial++}`) }),
  (options) => open(`restore${serial++}:`, options),
  1,
);

/** Moves the slots of some hash tags to the next master, as `redis-cli --cluster reshard` does, slowly. */
async function move(tags: readonly string[]): Promise<void> {
  const clients = cluster.nodes.slice(0, MASTERS).map(({ url }) => new Redis(url));
  const ids = await Promise.all(clients.map(async (client) => String(await client.cluster('MYID'))));
  for (const tag of tags) {
    const slot = await clients[0]!.cluster('KEYSLOT', tag);
    const owners = await Promise.all(clients.map((client) => client.cluster('GETKEYSINSLOT', slot, 1)));
    const from = owners.findIndex((keys) => keys.length > 0);
    const to = (from + 1) % clients.length;
    await clients[to]!.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[from]!);
    await clients[from]!.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[to]!);
    for (;;) {
      const keys = await clients[from]!.cluster('GETKEYSINSLOT', slot, 3);
      if (keys.length === 0) break;
      const { host, port } = cluster.nodes[to]!;
      await clients[from]!.call('MIGRATE', host, port, '', 0, 5000, 'KEYS', ...keys);
      await pause(20);
    }
    for (const client of clients) await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', ids[to]!);
  }
  for (const client of clients) client.disconnect();
}

/** The node that copies one of the first masters. */
async function replicaOf(master: Service): Promise<Service> {
  for (const node of cluster.nodes.slice(MASTERS)) {
    const client = new Redis(node.url);
    const info = await client.info('replication');
    client.disconnect();
    if (new RegExp(`^master_port:${master.port}\\r`, 'm').test(info)) return node;
  }
  throw new Error('it has no replica');
}

/** One observation of each lab, so many seconds ago. */
function rowsOf(labs: readonly string[], agoS: number): Row[] {
  return labs.map((lab, i) => [lab, agoS, i, agoS]);
}

/** How many observations each lab has, in all buckets of the primary resolution. */
async function observationsOf(store: RedisStore, nowMs: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  await Promise.all(
    LABS.map(async (lab) => {
      const all = await store.series(lab, PRIMARY!, 0, nowMs / 1000 + 60, nowMs);
      counts.set(
        lab,
        all.reduce((sum, { aggregate }) => sum + aggregate.observations, 0),
      );
    }),
  );
  return counts;
}

/** Commits until everything is in, as the commit loop does. @returns how many were committed and how many were duplicates. */
async function commitAll(store: RedisStore, rows: readonly Row[], nowMs: number): Promise<[number, number]> {
  let batch = batchOf(rows, nowMs);
  let [committed, duplicate] = [0, 0];
  for (;;)
    try {
      const result = await store.commit(batch, nowMs);
      return [committed + result.committed, duplicate + result.duplicate];
    } catch (error) {
      if (!(error instanceof CommitError)) throw error;
      committed += error.done.committed;
      duplicate += error.done.duplicate;
      batch = error.remaining;
      await pause(50);
    }
}

describe('a Redis Cluster', () => {
  test('keeps what one server keeps: buckets, names in order, rejections, counts, sessions', async () => {
    const nowMs = nowInBucket();
    const store = await open('all:', { process: 'me' });
    const batch = batchOf([...rowsOf(LABS, 1), ...rowsOf(LABS, 1)], nowMs);
    batch.list({ atMs: nowMs, reason: 'not_json', source: 't', excerpt: 'x' });
    const { committed, duplicate } = await store.commit(batch, nowMs);
    assert.deepEqual([committed, duplicate], [LABS.length, LABS.length]);
    assert.deepEqual(await store.labs('', 1000, nowMs), [...LABS].sort());
    assert.deepEqual(await store.labs('lab-17', 3, nowMs), [...LABS].sort().slice(60, 63));
    const found: string[] = [];
    for (const startS of [Math.floor(nowMs / 1000) - PRIMARY!.durationS, Math.floor(nowMs / 1000)]) {
      const start = startS - ((startS - CONTRACT_GRID.alignmentS) % PRIMARY!.durationS);
      found.push(...(await pages(store, PRIMARY!, start, nowMs)).map(({ lab }) => lab));
    }
    assert.deepEqual(found.sort(), [...LABS].sort());
    assert.deepEqual(
      (await store.latest(['lab-5', 'none'], nowMs)).map((one) => one?.lab),
      ['lab-5', undefined],
    );
    assert.equal((await store.rejections(5)).length, 1);
    assert.deepEqual(await store.counted(), [
      { process: 'me', committed: 150, duplicate: 150, suspended: 0 },
    ]);
    await store.touchSession('session', 'me', 60, 'v');
    assert.deepEqual(await store.sessions(), [{ name: 'session', value: 'v', abandoned: false }]);
    await store.close();
  });

  test('admits no more labs than there may be, whichever of two processes has them', async () => {
    const nowMs = nowInBucket();
    const stores = await Promise.all([1, 2].map(() => open('few:', { labsMax: 60 })));
    const results = await Promise.all(
      stores.map((store, i) =>
        store.commit(batchOf(rowsOf(LABS.slice(i * 75, i * 75 + 75), 1), nowMs), nowMs),
      ),
    );
    assert.equal(results[0]!.committed + results[1]!.committed, 60);
    assert.equal(results[0]!.tooManyLabs + results[1]!.tooManyLabs, 90);
    assert.equal((await stores[0]!.labs('', 1000, nowMs)).length, 60);
    await Promise.all(stores.map((store) => store.close()));
  });

  test('counts each observation once while slots move from one master to another', async () => {
    const nowMs = nowInBucket();
    const store = await open('moving:');
    await store.commit(batchOf(rowsOf(LABS, 1000), nowMs), nowMs);
    let isMoving = true;
    const moved = move(LABS.slice(0, 5).map((lab) => `{${labPartition(lab)}}`)).finally(() => {
      isMoving = false;
    });
    let rounds = 0;
    for (; isMoving || rounds < 3; rounds++) {
      const rows = rowsOf(LABS, 900 - rounds);
      assert.deepEqual(await commitAll(store, rows, nowMs), [LABS.length, 0]);
      assert.deepEqual(await commitAll(store, rows.slice(0, 50), nowMs), [0, 50]);
    }
    await moved;
    for (const [lab, count] of await observationsOf(store, nowMs)) assert.equal(count, rounds + 1, lab);
    await store.close();
  });

  test('without a master and its replica takes the labs of the others, says what is missing, and reads nothing in part', async () => {
    const nowMs = nowInBucket();
    const store = await open('dead:');
    await store.commit(batchOf(rowsOf(LABS, 1000), nowMs), nowMs);
    const [master, replica] = [cluster.nodes[2]!, await replicaOf(cluster.nodes[2]!)];
    await replica.kill();
    await master.kill();
    await until(() => store.health() === 'degraded');
    const missing = await store.ping().then(
      (): readonly number[] => [],
      (error: unknown) => (error as PartitionsMissing).partitions,
    );
    assert.ok(missing.length > 30, `${missing.length} partitions are missing`);
    await assert.rejects(pages(store, PRIMARY!, Math.floor(nowMs / 1000), nowMs), PartitionsMissing);
    await assert.rejects(store.labs('', 10, nowMs), PartitionsMissing);
    const others = LABS.filter((lab) => !missing.includes(labPartition(lab)));
    const failed = await store.commit(batchOf(rowsOf(LABS, 900), nowMs), nowMs).then(
      () => undefined,
      (error: unknown) => error as CommitError,
    );
    assert.equal(failed?.done.committed, others.length);
    assert.equal(failed?.remaining.observations, LABS.length - others.length);
    await master.start();
    await replica.start();
    await ready(store);
    assert.deepEqual(await commitAll(store, rowsOf(LABS, 900), nowMs), [
      LABS.length - others.length,
      others.length,
    ]);
    for (const [lab, count] of await observationsOf(store, nowMs)) assert.equal(count, 2, lab);
    await store.close();
  });

  test('counts once what a replica has confirmed, when that one takes over from its master', async () => {
    const nowMs = nowInBucket();
    const store = await open('failover:', { durability: 'replica', replyTimeoutMs: 1000 });
    const [master] = cluster.nodes;
    await replicaOf(master!);
    await commitAll(store, rowsOf(LABS, 1000), nowMs);
    const later = (async () => {
      for (let i = 0; i < 10; i++) {
        assert.deepEqual(await commitAll(store, rowsOf(LABS, 900 - i), nowMs), [LABS.length, 0]);
        await pause(10);
      }
    })();
    await pause(50);
    await master!.kill();
    await until(() => store.health() === 'degraded');
    await until(() => store.health() === 'ok');
    // It comes back as a replica, which confirms what was done meanwhile.
    await master!.start();
    await later;
    for (const [lab, count] of await observationsOf(store, nowMs)) assert.equal(count, 11, lab);
    await store.close();
  });
});
