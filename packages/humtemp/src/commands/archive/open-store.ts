import { setTimeout as sleep } from 'node:timers/promises';
import type { BucketGrid, Store, StoreOptions } from '@humtemp/bucket-core';
import { readConfig } from '../../config/config.js';
import { runningAlready } from '../../start/running-file.js';
import { StartError, startErrorOf } from '../../start-error.js';

/** A store that a command works on, and the grid that its buckets are of. */
export interface OpenStore {
  readonly store: Store;
  readonly grid: BucketGrid;
}

const REDIS_READY_MS = 10_000;
const RETRY_MS = 100;

/**
 * Opens the store that the environment names. A folder says by itself which buckets it has: what the variables say of that
 * is for a new one.
 * @param isNewGood whether the folder may be one without data
 * @throws StartError that says what to do, also when a process uses the folder
 */
export async function openStore(env: NodeJS.ProcessEnv, isNewGood: boolean): Promise<OpenStore> {
  const config = readConfig(env, undefined);
  const { grid, deduplicationHorizonS, labsMax, rejectionsMax, store: address } = config;
  const options: StoreOptions = { grid, deduplicationHorizonS, labsMax, rejectionsMax };
  if ('redisUrl' in address) {
    const { RedisStore } = await import('@humtemp/bucket-core/redis');
    const store = new RedisStore({
      ...options,
      url: address.redisUrl,
      prefix: config.redisPrefix,
      replyTimeoutMs: config.redisTimeoutS * 1000,
    });
    await untilReady(store);
    return { store, grid };
  }
  const { dataDir } = address;
  const { EmbeddedStore, FolderInUseError, storedConfiguration } = await import(
    '@humtemp/bucket-core/embedded'
  );
  try {
    const stored = storedConfiguration(dataDir);
    if (stored === undefined && !isNewGood)
      throw new StartError(`HUMTEMP_DATA_DIR=${dataDir}: there is no data of humtemp in this folder`);
    const store = await EmbeddedStore.open({ ...options, ...stored, dataDir });
    return { store, grid: stored?.grid ?? grid };
  } catch (error) {
    if (error instanceof StartError) throw error;
    if (error instanceof FolderInUseError)
      throw new StartError(
        `${runningAlready(dataDir)}\n  or work on a copy: humtemp backup DIR makes one while it runs`,
        { cause: error },
      );
    throw startErrorOf('HUMTEMP_DATA_DIR', dataDir, error);
  }
}

async function untilReady(store: Store): Promise<void> {
  const endMs = performance.now() + REDIS_READY_MS;
  for (;;) {
    try {
      await store.ping();
      return;
    } catch (error) {
      if (performance.now() < endMs && store.health() !== 'lost') {
        await sleep(RETRY_MS);
        continue;
      }
      await store.close();
      throw new StartError(`Redis cannot be used: ${(error as Error).message}`, { cause: error });
    }
  }
}
