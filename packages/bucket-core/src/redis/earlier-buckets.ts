import { Redis } from 'ioredis';
import { unpackAggregate } from '../aggregate/packed-aggregate.js';
import { unsoundAggregate } from '../aggregate/sound-aggregate.js';
import { type BucketGrid, bucketExpiryS, bucketStartS } from '../grid/bucket-grid.js';
import { FUTURE_MS_MAX } from '../observation/observation.js';
import type { StoredBucket } from '../store/bucket-restore.js';
import { EARLIER_PARTITIONS, Keys } from './keys.js';
import { hearEveryError } from './socket-errors.js';

export interface EarlierBucketsOptions {
  readonly url: string;
  /** In front of every key; the earlier version had none unless it was configured. */
  readonly prefix: string;
  readonly replyTimeoutMs: number;
  /** The resolutions that the earlier version was configured with. */
  readonly grid: BucketGrid;
  /** Called for a value that is no bucket; it is left out. */
  readonly onUnreadable: (key: string, reason: string) => void;
}

/** Names asked for at a time, and keys. */
const LABS_AT_ONCE = 500;
const KEYS_AT_ONCE = 1000;

/**
 * The buckets that the version before pages left in a Redis, lab by lab: each was a key of its own. Reads only; what it keeps in
 * memory does not depend on how many labs there are.
 * @throws Error when the server cannot be reached, or stops answering
 */
export async function* earlierBuckets(
  options: EarlierBucketsOptions,
  nowMs: number,
): AsyncGenerator<readonly StoredBucket[]> {
  const { url, prefix, replyTimeoutMs } = options;
  const redis = new Redis(url, {
    lazyConnect: true,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: replyTimeoutMs,
    socketTimeout: replyTimeoutMs,
  });
  hearEveryError(redis);
  // Commands that fail say so.
  redis.on('error', () => {});
  const keys = new Keys(prefix);
  try {
    await redis.connect();
    for (let partition = 0; partition < EARLIER_PARTITIONS; partition++)
      for (let from = 0; ; from += LABS_AT_ONCE) {
        const last = `${from + LABS_AT_ONCE - 1}`;
        const labs = await redis.zrange(keys.earlierLabs(partition), `${from}`, last);
        for (const lab of labs) yield await bucketsOf(redis, keys, lab, options, nowMs);
        if (labs.length < LABS_AT_ONCE) break;
      }
  } finally {
    redis.disconnect();
  }
}

async function bucketsOf(
  redis: Redis,
  keys: Keys,
  lab: string,
  { grid, onUnreadable }: EarlierBucketsOptions,
  nowMs: number,
): Promise<StoredBucket[]> {
  const places = grid.resolutions.flatMap((resolution) => {
    const { durationS, retention } = resolution;
    const newestS = bucketStartS(nowMs + FUTURE_MS_MAX, durationS, grid.alignmentS);
    return Array.from({ length: retention + 1 }, (_, i) => ({
      durationS,
      startS: newestS - (retention - i) * durationS,
      resolution,
    })).filter(({ startS }) => bucketExpiryS(startS, resolution) * 1000 > nowMs);
  });
  const found: StoredBucket[] = [];
  for (let i = 0; i < places.length; i += KEYS_AT_ONCE) {
    const some = places.slice(i, i + KEYS_AT_ONCE);
    const names = some.map(({ durationS, startS }) => keys.earlierBucket(lab, durationS, startS));
    const values = await redis.mgetBuffer(names);
    for (const [j, value] of values.entries()) {
      if (value === null) continue;
      const { durationS, startS } = some[j]!;
      try {
        const aggregate = unpackAggregate(value);
        const wrong = unsoundAggregate(aggregate, startS, durationS);
        if (wrong === undefined) found.push({ lab, durationS, startS, aggregate });
        else onUnreadable(names[j]!, wrong);
      } catch (error) {
        onUnreadable(names[j]!, (error as Error).message);
      }
    }
  }
  return found;
}
