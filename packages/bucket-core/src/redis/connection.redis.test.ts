import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { pause, type Service, startRedis, until } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { batchOf, CONTRACT_OPTIONS, nowInBucket } from '../store/store-contract.fixture.js';
import { connectRedis } from './connection.js';
import { ready } from './ready.fixture.js';
import { RedisStore } from './redis-store.js';

let service: Service;
let client: Redis;

before(async () => {
  service = await startRedis();
  client = new Redis(service.url);
});
after(async () => {
  client.disconnect();
  await service.close();
});

/** Commits at every turn of the event loop, in vain, until the server has seen so many more connections. */
async function commitInVain(connections: number, store: RedisStore): Promise<void> {
  const nowMs = nowInBucket();
  const end = (await connectionsSoFar()) + connections;
  for (let turn = 1; turn % 100 !== 0 || (await connectionsSoFar()) < end; turn++) {
    await assert.rejects(store.commit(batchOf([['lab', 1, 0, 0]], nowMs), nowMs));
    await pause(0);
  }
}

async function connectionsSoFar(): Promise<number> {
  return Number(/total_connections_received:(\d+)/.exec(await client.info('stats'))![1]);
}

describe('a database that cannot be selected', () => {
  test('is not ready and says why, and nothing is written', async () => {
    const told: string[] = [];
    const store = new RedisStore({
      ...CONTRACT_OPTIONS,
      url: `${service.url}/16`,
      prefix: '',
      replyTimeoutMs: 5000,
      onConnection: ({ connected, reason }) => told.push(`${connected} ${reason}`),
    });
    try {
      await commitInVain(5, store);
      await assert.rejects(store.ping(), { message: 'Redis is not connected: ERR DB index is out of range' });
      assert.deepEqual(told, ['false ERR DB index is out of range'], 'told once');
      assert.equal(await client.info('keyspace'), '# Keyspace\r\n');
    } finally {
      await store.close();
    }
  });

  test('after a reconnection stops what had gone well, until it can be selected again', async () => {
    const nowMs = nowInBucket();
    const told: string[] = [];
    const store = new RedisStore({
      ...CONTRACT_OPTIONS,
      url: `${service.url}/3`,
      prefix: '',
      replyTimeoutMs: 5000,
      onConnection: ({ connected, reason }) => told.push(`${connected} ${reason}`),
    });
    try {
      await ready(store);
      await store.commit(batchOf([['lab', 2, 0, 0]], nowMs), nowMs);
      await client.call('ACL', 'SETUSER', 'default', '-select');
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await assert.rejects(async () => {
        for (;;) {
          await store.ping();
          await pause(5);
        }
      });
      await commitInVain(5, store);
      await assert.rejects(store.ping(), /^Error: Redis is not connected: NOPERM .*'select'/);
      await client.call('ACL', 'SETUSER', 'default', '+select');
      await ready(store);
      await store.commit(batchOf([['lab', 3, 0, 0]], nowMs), nowMs);
      assert.equal((await store.latest(['lab'], nowMs))[0]?.aggregate.observations, 2);
      assert.equal(told.length, 4, 'connected, lost, refused, connected');
      assert.match(told[2]!, /^false NOPERM/);
      assert.equal(told[3], 'true connected');
      assert.match(await client.info('keyspace'), /^# Keyspace\r\ndb3:[^\r]*\r\n$/);
    } finally {
      await client.call('ACL', 'SETUSER', 'default', '+select');
      await store.close();
    }
  });
});

test('a further error of a socket that has failed ends nothing', async () => {
  const told: string[] = [];
  const redis = connectRedis({
    url: service.url,
    replyTimeoutMs: 5000,
    onConnection: ({ connected, reason }) => told.push(`${connected} ${reason}`),
  });
  try {
    await until(() => told.length === 1);
    const { stream } = redis as unknown as { readonly stream: Socket };
    stream.destroy(new Error('first'));
    await until(() => told.length >= 2);
    stream.emit('error', new Error('second'));
    await until(() => told.length === 3);
    assert.deepEqual(told, ['true connected', 'false first', 'true connected']);
  } finally {
    redis.disconnect();
  }
});
