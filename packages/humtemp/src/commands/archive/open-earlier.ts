import type { StoredBucket } from '@humtemp/bucket-core';
import { readConfig } from '../../config/config.js';
import { StartError } from '../../start-error.js';
import type { ExportSource } from './command.js';

/**
 * What the version before pages left in the Redis that the environment names. It had no prefix unless it was configured.
 * @param tell says what is left out
 * @throws StartError when the environment names no single Redis
 */
export async function openEarlier(
  env: NodeJS.ProcessEnv,
  tell: (line: string) => void,
): Promise<ExportSource> {
  const { store, grid, redisTimeoutS } = readConfig(env, undefined);
  if (!('redisUrl' in store) || /,|cluster/.test(store.redisUrl))
    throw new StartError(
      '--earlier reads one Redis that an earlier version of humtemp wrote: HUMTEMP_REDIS_URL=redis://… names it',
    );
  const { redisUrl: url } = store;
  const { earlierBuckets } = await import('@humtemp/bucket-core/redis');
  async function* read(nowMs: number): AsyncGenerator<readonly StoredBucket[]> {
    const onUnreadable = (key: string, reason: string) => {
      tell(`${key} is left out: ${reason}`);
      process.exitCode = 1;
    };
    const prefix = env.HUMTEMP_REDIS_PREFIX ?? '';
    const options = { url, prefix, replyTimeoutMs: redisTimeoutS * 1000, grid, onUnreadable };
    try {
      yield* earlierBuckets(options, nowMs);
    } catch (error) {
      throw new StartError(`Redis cannot be read: ${(error as Error).message}`, { cause: error });
    }
  }
  return { buckets: read, grid, close: async () => {} };
}
