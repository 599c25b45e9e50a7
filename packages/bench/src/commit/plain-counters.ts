import { type Batch, bucketExpiryS, primaryResolution, ROW_LENGTH } from '@humtemp/bucket-core';
import { type ChainableCommander, Redis } from 'ioredis';
import { GRID } from '../redis.js';
import type { Total } from './observations.js';
import type { Way } from './way.js';

/**
 * Counters in a hash, incremented from outside: one resolution, averages only, no deduplication. A commit that is cut
 * in the middle leaves some of them, and repeating it counts twice.
 */

/** What stands in a batch for an observation, or for several of a lab that were added up. */
type Increment = (pipeline: ChainableCommander, key: string, of: Total, expiryS: number) => void;

const thousandths: Increment = (pipeline, key, { observations, temp, humidity }) => {
  pipeline.hincrby(key, 'count', observations);
  pipeline.hincrby(key, 'temp', temp);
  pipeline.hincrby(key, 'humidity', humidity);
};

const decimals: Increment = (pipeline, key, { observations, temp, humidity }, expiryS) => {
  pipeline.hincrby(key, 'count', observations);
  pipeline.hincrbyfloat(key, 'temp', temp / 1000);
  pipeline.hincrbyfloat(key, 'humidity', humidity / 1000);
  pipeline.expireat(key, expiryS);
};

export const THREE_HINCRBY = counters('3 HINCRBY for each observation', eachObservation, thousandths, 1);
export const HINCRBYFLOAT = counters(
  'HINCRBY, 2 HINCRBYFLOAT, EXPIREAT for each',
  eachObservation,
  decimals,
  1000,
);
export const ADDED_UP = counters('3 HINCRBY for each lab, added up before', eachLab, thousandths, 1);

function counters(
  name: string,
  group: (batch: Batch) => Iterable<readonly [lab: string, of: Total]>,
  increment: Increment,
  unit: number,
): Way {
  return {
    name,
    deduplicates: false,
    async open({ redisUrl, prefix, observations: { hourS } }) {
      const redis = new Redis(redisUrl);
      const primary = primaryResolution(GRID);
      const startS = hourS - (hourS % primary.durationS);
      const keyOf = (lab: string) => `${prefix}bucket:{${lab}}:${primary.durationS}:${startS}`;
      return {
        async commit(batch) {
          const pipeline = redis.pipeline();
          for (const [lab, of] of group(batch))
            increment(pipeline, keyOf(lab), of, bucketExpiryS(startS, primary));
          for (const [error] of (await pipeline.exec())!) if (error !== null) throw error;
        },
        async totals(lab) {
          const [count, temp, humidity] = await redis.hmget(keyOf(lab), 'count', 'temp', 'humidity');
          const toThousandths = (text: string | null | undefined) => Math.round(Number(text) * unit);
          return [
            {
              observations: Number(count),
              temp: toThousandths(temp),
              humidity: toThousandths(humidity),
            },
          ];
        },
        close: async () => redis.disconnect(),
      };
    },
  };
}

function* eachObservation({ rowsByLab }: Batch): Iterable<readonly [string, Total]> {
  for (const [lab, rows] of rowsByLab)
    for (let i = 0; i < rows.length; i += ROW_LENGTH)
      yield [lab, { observations: 1, temp: rows[i + 2]!, humidity: rows[i + 3]! }];
}

function* eachLab({ rowsByLab }: Batch): Iterable<readonly [string, Total]> {
  for (const [lab, rows] of rowsByLab) {
    const total = { observations: rows.length / ROW_LENGTH, temp: 0, humidity: 0 };
    for (let i = 0; i < rows.length; i += ROW_LENGTH) {
      total.temp += rows[i + 2]!;
      total.humidity += rows[i + 3]!;
    }
    yield [lab, total];
  }
}
