import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pause, type Service, startRedis, startRedisCluster, until } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { batchOf, CONTRACT_OPTIONS, nowInBucket } from '../store/store-contract.fixture.js';
import { ready } from './ready.fixture.js';
import { RedisStore, type RedisStoreOptions } from './redis-store.js';
import { findingsOf, type ServerFacts } from './self-check.js';

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

/** Where other work has the cores, a server that is near answers late as well. */
const isSlowness = /: it takes \d+ ms to answer/;
const warningsOf = (store: RedisStore) => store.warnings().filter((one) => !isSlowness.test(one));

function open(options: Partial<RedisStoreOptions> = {}): { store: RedisStore; said: string[] } {
  const said: string[] = [];
  const store = new RedisStore({
    ...CONTRACT_OPTIONS,
    url: service.url,
    prefix: 'check:',
    replyTimeoutMs: 5000,
    onWarning: (message) => void (isSlowness.test(message) || said.push(message)),
    ...options,
  });
  return { store, said };
}

test('a server that is as it should be is nothing to warn about', async () => {
  const { store, said } = open();
  try {
    await ready(store);
    assert.deepEqual([said, warningsOf(store)], [[], []]);
  } finally {
    await store.close();
  }
});

test('what a server does not keep is said once at the start, and for as long as it is so', async () => {
  const { store, said } = open({ durability: 'replica' });
  await client.config('SET', 'appendonly', 'no', 'maxmemory-policy', 'volatile-ttl');
  try {
    await ready(store);
    assert.equal(said.length, 3);
    assert.match(
      said[0]!,
      /^Redis: maxmemory-policy is volatile-ttl: .* → maxmemory-policy noeviction in redis/,
    );
    assert.match(said[1]!, /^Redis: there is no append-only file: .* → appendonly yes in redis.conf$/);
    assert.match(
      said[2]!,
      /^Redis: it has no replica: with HUMTEMP_DURABILITY=replica nothing .* → replicaof /,
    );
    assert.deepEqual(warningsOf(store), said);
    await client.config('SET', 'appendonly', 'yes', 'maxmemory-policy', 'noeviction');
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await until(() => warningsOf(store).length === 1);
    assert.equal(said.length, 3);
  } finally {
    await client.config('SET', 'appendonly', 'yes', 'maxmemory-policy', 'noeviction');
    await store.close();
  }
});

test('a server that would drop what was acknowledged gets nothing before that is mended', async () => {
  const nowMs = nowInBucket();
  const { store, said } = open();
  await client.config('SET', 'maxmemory', '1gb', 'maxmemory-policy', 'allkeys-lru');
  try {
    const reason =
      /^Redis is not connected: maxmemory-policy is allkeys-lru: .* → maxmemory-policy noeviction/;
    for (let why = ''; !reason.test(why); await pause(5))
      why = await store.ping().then(
        () => '',
        (error: Error) => error.message,
      );
    await assert.rejects(store.commit(batchOf([['lab', 1, 0, 0]], nowMs), nowMs), /maxmemory-policy/);
    assert.deepEqual(said, [], 'it is the reason why there is no connection');
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    await ready(store);
    await store.commit(batchOf([['lab', 1, 0, 0]], nowMs), nowMs);
  } finally {
    await client.config('SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction');
    await store.close();
  }
});

test('what an access list forbids to ask is taken to be well', async () => {
  await client.call('ACL', 'SETUSER', 'shy', 'on', '>shy', '~*', '+@all', '-info', '-time');
  const url = new URL(service.url);
  [url.username, url.password] = ['shy', 'shy'];
  const { store } = open({ url: url.href });
  try {
    await ready(store);
    assert.deepEqual(warningsOf(store), []);
  } finally {
    await store.close();
  }
});

test('a cluster of which a master is away says so', async () => {
  const cluster = await startRedisCluster(3, 0, { directives: { appendonly: 'yes' } });
  const { store } = open({ url: cluster.url });
  try {
    await ready(store);
    assert.deepEqual(warningsOf(store), []);
    const [dead, left] = [cluster.nodes[0]!, new Redis(cluster.nodes[1]!.url)];
    await dead.kill();
    while (/cluster_slots_ok:16384/.test(String(await left.cluster('INFO')))) await pause(20);
    await left.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    left.disconnect();
    await until(() => warningsOf(store).length > 0);
    assert.match(
      warningsOf(store)[0]!,
      /^Redis 127\.0\.0\.1:\d+: only \d+ of 16384 slots are served .* → redis-cli --cluster fix/,
    );
  } finally {
    await store.close();
    await cluster.close();
  }
});

test('each thing that can be wrong is named with the line to change', () => {
  const well = {
    redis_version: '7.4.1',
    redis_mode: 'standalone',
    maxmemory_policy: 'noeviction',
    aof_enabled: '1',
    role: 'master',
    connected_slaves: '0',
  };
  const found = (facts: Partial<ServerFacts>, durability: 'memory' | 'fsync' = 'memory', isCluster = false) =>
    findingsOf(
      { info: well, cluster: undefined, latencyMs: 1, aheadMs: 0, ...facts },
      { durability, isCluster },
    ).map(({ level, kind, change }) => `${level} ${kind}: ${change}`);
  assert.deepEqual(found({}), []);
  assert.deepEqual(found({}, 'fsync'), []);
  assert.deepEqual(found({ info: { ...well, redis_version: '6.0.16' } }), [
    'error version: Redis 6.2 or later, or Valkey',
  ]);
  assert.match(
    found({ info: { ...well, redis_version: '7.0.15' } }, 'fsync')[0]!,
    /^error durability: Redis 7.2/,
  );
  assert.deepEqual(found({ info: { ...well, aof_enabled: '0' } }, 'fsync').length, 2);
  assert.match(found({ info: { ...well, aof_last_write_status: 'err' } })[0]!, /^error disk: make room/);
  assert.match(
    found({ info: { ...well, role: 'slave' } })[0]!,
    /^error role: HUMTEMP_REDIS_URL of the primary/,
  );
  assert.match(found({ info: { ...well, redis_mode: 'cluster' } })[0]!, /^error topology: .*redis\+cluster/);
  assert.match(found({}, 'memory', true)[0]!, /^error topology: HUMTEMP_REDIS_URL=redis:/);
  assert.match(
    found({ cluster: { cluster_state: 'fail', cluster_slots_ok: '10' } })[0]!,
    /^error cluster state: redis-cli --cluster check/,
  );
  assert.match(found({ latencyMs: 21 })[0]!, /^warning latency: a Redis nearer/);
  assert.match(found({ aheadMs: -8000 })[0]!, /^warning clock: timedatectl/);
  assert.match(found({ aheadMs: 3_600_000 })[0]!, /^error clock: timedatectl/);
});
