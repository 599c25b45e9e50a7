import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { type Service, startRedis } from '@humtemp/test-services';
import { EmbeddedStore } from '../embedded/index.js';
import type { StoreOptions } from '../index.js';
import { bucketRestoreContract } from '../store/bucket-restore.suite.js';
import { ready } from './ready.fixture.js';
import { RedisStore } from './redis-store.js';

let service: Service;
let serial = 0;
const folder = mkdtempSync(join(tmpdir(), 'humtemp-restore-'));

before(async () => {
  service = await startRedis();
});
after(async () => {
  await service.close();
  rmSync(folder, { recursive: true });
});

async function openRedis(options: StoreOptions): Promise<RedisStore> {
  const store = new RedisStore({
    ...options,
    url: service.url,
    prefix: `t${serial++}:`,
    replyTimeoutMs: 5000,
  });
  await ready(store);
  return store;
}

const openEmbedded = (options: StoreOptions) =>
  EmbeddedStore.open({ ...options, dataDir: join(folder, `${serial++}`) });

bucketRestoreContract('the Redis store, from an embedded one,', openEmbedded, openRedis, 4);
bucketRestoreContract('the embedded store, from a Redis one,', openRedis, openEmbedded, 2);
