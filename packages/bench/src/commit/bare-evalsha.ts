import { type Batch, bucketStartS, ROW_LENGTH } from '@humtemp/bucket-core';
import { Redis } from 'ioredis';
import { GRID } from '../redis.js';
import type { Way } from './way.js';

/**
 * The floor: a script that does nothing gets as many arguments of the same lengths as humtemp's gets, put together before
 * the clock starts. What it takes is the way to Redis and back.
 */

/** As many as humtemp has. */
const LABS_PER_CALL = 256;
/** What humtemp sends of a lab: its head, the expiry of each bucket, then its rows. */
const packedBytes = (rows: number) => 15 + GRID.resolutions.length * 8 + (rows / ROW_LENGTH) * 24;

export const BARE_EVALSHA: Way = {
  name: 'floor: EVALSHA of return 1, same bytes',
  deduplicates: false,
  async open({ redisUrl, prefix, observations }) {
    const redis = new Redis(redisUrl);
    const sha = (await redis.script('LOAD', 'return 1')) as string;
    const callsOf = ({ rowsByLab }: Batch) => {
      const labs = [...rowsByLab];
      const hour = Math.floor(observations.hourS / 3600);
      return Array.from({ length: Math.ceil(labs.length / LABS_PER_CALL) }, (_, call) => {
        const some = labs.slice(call * LABS_PER_CALL, (call + 1) * LABS_PER_CALL);
        const keys = some.flatMap(([lab, rows]) => [
          `${prefix}seen:{${lab}}:${hour}`,
          ...GRID.resolutions.map(
            ({ durationS }) =>
              `${prefix}bucket:{${lab}}:${durationS}:${bucketStartS(rows[0]!, durationS, GRID.alignmentS)}`,
          ),
        ]);
        return { keys, packed: some.map(([, rows]) => Buffer.alloc(packedBytes(rows.length), 1)) };
      });
    };
    const { history, batches } = observations;
    const calls = new Map([history, ...batches].map((batch) => [batch, callsOf(batch)]));
    return {
      async commit(batch) {
        const replies = calls
          .get(batch)!
          .map(({ keys, packed }) => redis.evalsha(sha, keys.length, ...keys, 65_536, ...packed));
        await Promise.all(replies);
      },
      close: async () => redis.disconnect(),
    };
  },
};
