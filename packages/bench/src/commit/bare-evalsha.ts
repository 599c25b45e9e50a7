import { type Batch, labPartition, ROW_LENGTH } from '@humtemp/bucket-core';
import { Redis } from 'ioredis';
import type { Way } from './way.js';

/**
 * The floor: a script that does nothing gets as many arguments of the same lengths as humtemp's gets, put together before
 * the clock starts. What it takes is the way to Redis and back.
 */

/** As many as humtemp has. */
const LABS_PER_CALL = 256;
/** What humtemp sends of a call and, as a rule, of a lab: a header, then flags and the number of rows, and its rows. */
const HEADER_BYTES = 32;
const packedBytes = (rows: number) => 3 + (rows / ROW_LENGTH) * 17;
/** What else it sends with a call: records of the call and of counts, an empty base, the name of the process. */
const FURTHER = ['done:0123456789abcdef01:0', 'counts'];
const ARGUMENTS = [Buffer.alloc(19), 'bench-process-0123456789abcdef0123456'];

export const BARE_EVALSHA: Way = {
  name: 'floor: EVALSHA of return 1, same bytes',
  deduplicates: false,
  async open({ redisUrl, prefix, observations }) {
    const redis = new Redis(redisUrl);
    const sha = (await redis.script('LOAD', 'return 1')) as string;
    const callsOf = ({ rowsByLab }: Batch) => {
      const labs = [...rowsByLab];
      return Array.from({ length: Math.ceil(labs.length / LABS_PER_CALL) }, (_, call) => {
        const some = labs.slice(call * LABS_PER_CALL, (call + 1) * LABS_PER_CALL);
        const keyOf = (lab: string) => `${prefix}{${labPartition(lab)}}:lab:${lab}`;
        const keys = [...FURTHER.map((name) => `${prefix}{0}:${name}`), ...some.map(([lab]) => keyOf(lab))];
        const bytes = some.reduce((sum, [, rows]) => sum + packedBytes(rows.length), HEADER_BYTES);
        return { keys, packed: Buffer.alloc(bytes, 1) };
      });
    };
    const { history, batches } = observations;
    const calls = new Map([history, ...batches].map((batch) => [batch, callsOf(batch)]));
    return {
      async commit(batch) {
        const replies = calls
          .get(batch)!
          .map(({ keys, packed }) => redis.evalsha(sha, keys.length, ...keys, packed, ...ARGUMENTS));
        await Promise.all(replies);
      },
      close: async () => redis.disconnect(),
    };
  },
};
