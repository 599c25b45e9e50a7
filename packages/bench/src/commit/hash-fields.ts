import { readFileSync } from 'node:fs';
import { type Batch, bucketExpiryS, bucketStartS, identityOf, ROW_LENGTH } from '@humtemp/bucket-core';
import { Redis } from 'ioredis';
import { GRID } from '../redis.js';
import type { Total } from './observations.js';
import type { Way } from './way.js';

/**
 * humtemp's contract, done with a hash for each bucket: deduplication, the default resolutions, and of each metric count,
 * sum, min, max and sum of squares. It has no histograms, first, latest, or index of labs.
 */

const script = readFileSync(new URL('../../src/commit/hash-fields.lua', import.meta.url), 'utf8');
/** As many as humtemp has. */
const LABS_PER_CALL = 256;
const ROW_BYTES = 16;
const HORIZON_S = 172_800;

type Command = (keys: number, ...keysAndArguments: (string | number | Buffer)[]) => Promise<void>;

export const HASH_INCREMENT = hashFields('hash fields, HINCRBY for each', 'increment');
export const HASH_REWRITE = hashFields('hash fields, HMGET and HSET', 'rewrite');

function hashFields(name: string, how: 'increment' | 'rewrite'): Way {
  return {
    name,
    deduplicates: true,
    async open({ redisUrl, prefix, observations: { hourS } }) {
      const redis = new Redis(redisUrl);
      redis.defineCommand('commitHashFields', { lua: script });
      const { commitHashFields } = redis as unknown as { commitHashFields: Command };
      const bucketKey = (lab: string, durationS: number, startS: number) =>
        `${prefix}bucket:{${lab}}:${durationS}:${startS}`;
      /** All rows of a lab go where the first of the batch goes: what comes is made so. */
      const commitLabs = (labs: readonly (readonly [string, readonly number[]])[], firstMs: number) => {
        const hour = Math.floor(firstMs / 3_600_000);
        const starts = GRID.resolutions.map(({ durationS }) =>
          bucketStartS(firstMs, durationS, GRID.alignmentS),
        );
        const expiries = GRID.resolutions.map((resolution, r) => bucketExpiryS(starts[r]!, resolution));
        const keys: string[] = [];
        const packed: Buffer[] = [];
        for (const [lab, rows] of labs) {
          keys.push(`${prefix}seen:{${lab}}:${hour}`);
          GRID.resolutions.forEach(({ durationS }, r) => {
            keys.push(bucketKey(lab, durationS, starts[r]!));
          });
          packed.push(packRows(rows));
        }
        const shared = [how, starts.length, (hour + 1) * 3600 + HORIZON_S, ...expiries];
        return commitHashFields.call(redis, keys.length, ...keys, ...shared, ...packed);
      };
      return {
        async commit(batch: Batch) {
          const labs = [...batch.rowsByLab];
          const firstMs = labs[0]![1][0]!;
          const calls: Promise<void>[] = [];
          for (let i = 0; i < labs.length; i += LABS_PER_CALL)
            calls.push(commitLabs(labs.slice(i, i + LABS_PER_CALL), firstMs));
          await Promise.all(calls);
        },
        totals: (lab) =>
          Promise.all(
            GRID.resolutions.map(async ({ durationS }) => {
              const total: Total = { observations: 0, temp: 0, humidity: 0 };
              const fromS = hourS - (hourS % durationS);
              for (let startS = fromS; startS < hourS + 3600; startS += durationS) {
                const fields = await redis.hmget(bucketKey(lab, durationS, startS), 'tn', 'ts', 'hs');
                const [tn, ts, hs] = fields.map(Number);
                total.observations += tn!;
                total.temp += ts!;
                total.humidity += hs!;
              }
              return total;
            }),
          ),
        close: async () => redis.disconnect(),
      };
    },
  };
}

function packRows(rows: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe((rows.length / ROW_LENGTH) * ROW_BYTES);
  let at = 0;
  for (let i = 0; i < rows.length; i += ROW_LENGTH) {
    at = bytes.writeDoubleLE(identityOf(rows[i]!, rows[i + 2]!, rows[i + 3]!, rows[i + 1]!), at);
    at = bytes.writeInt32LE(rows[i + 2]!, at);
    at = bytes.writeInt32LE(rows[i + 3]!, at);
  }
  return bytes;
}
