import { readFileSync } from 'node:fs';
import {
  type BucketGrid,
  bucketExpiryS,
  IDENTITIES_MAX,
  identityOf,
  keepsHistograms,
  ROW_LENGTH,
} from '@humtemp/bucket-core';
import type { Redis } from 'ioredis';
import type { BatchPart } from './batch-part.js';
import { identitiesExpiryS } from './identities-expiry.js';
import type { Keys } from './keys.js';

/** The only caller of commit.lua: its arguments and its result stand here and there, nowhere else. */

// The one copy of the script, found from the compiled code and from the source alike.
const script = readFileSync(new URL('../../../src/layouts/bucket-keys/commit.lua', import.meta.url), 'utf8');

type CommitCommand = (keys: number, ...keysAndArguments: (string | number | Buffer)[]) => Promise<number[]>;

/** Makes the script known to a connection. */
export function defineCommitScript(redis: Redis): void {
  redis.defineCommand('humtempCommit', { lua: script });
}

/**
 * Calls the script for these parts. Resolves to one result for each of them: see partResult.
 * @param anew of the parts, those whose keys get their expiry anew: another configuration may have set it
 */
export function commitParts(
  redis: Redis,
  parts: readonly BatchPart[],
  anew: ReadonlySet<BatchPart>,
  keys: Keys,
  grid: BucketGrid,
  deduplicationHorizonS: number,
  nowMs: number,
): Promise<number[]> {
  const keyArguments: string[] = [];
  const packed: Buffer[] = [];
  for (const part of parts) {
    keyArguments.push(keys.seen(part.lab, part.hour));
    part.startsS.forEach((startS, i) => {
      if (startS !== undefined)
        keyArguments.push(keys.bucket(part.lab, grid.resolutions[i]!.durationS, startS));
    });
    packed.push(packPart(part, anew.has(part), grid, deduplicationHorizonS, nowMs));
  }
  const { humtempCommit } = redis as unknown as { humtempCommit: CommitCommand };
  return humtempCommit.call(redis, keyArguments.length, ...keyArguments, IDENTITIES_MAX, ...packed);
}

/** What the script says of one part. */
export interface PartResult {
  readonly counted: number;
  readonly suspended: boolean;
  /** A bucket was created, so it must be in the lab index. */
  readonly created: boolean;
}

export function partResult(encoded: number): PartResult {
  return { counted: encoded >> 2, suspended: (encoded & 2) !== 0, created: (encoded & 1) !== 0 };
}

const HEADER_BYTES = 15;
const ROW_BYTES = 24;

function packPart(part: BatchPart, anew: boolean, grid: BucketGrid, horizonS: number, nowMs: number): Buffer {
  const { rows, startsS, hour } = part;
  const buckets = startsS.reduce<number>((count, startS) => count + (startS === undefined ? 0 : 1), 0);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + buckets * 8 + (rows.length / ROW_LENGTH) * ROW_BYTES);
  bytes[0] = buckets;
  bytes[1] = horizonS === 0 ? 0 : (hour + 1) * 3_600_000 > nowMs ? 1 : 2;
  bytes[2] = anew ? 1 : 0;
  let at = bytes.writeDoubleLE(horizonS === 0 ? 0 : identitiesExpiryS(hour, horizonS, grid, nowMs), 7);
  let bit = 1;
  let histograms = 0;
  startsS.forEach((startS, i) => {
    if (startS === undefined) return;
    const resolution = grid.resolutions[i]!;
    at = bytes.writeDoubleLE(bucketExpiryS(startS, resolution), at);
    if (keepsHistograms(resolution.durationS)) histograms += bit;
    bit *= 2;
  });
  bytes.writeUInt32LE(histograms, 3);
  for (let i = 0; i < rows.length; i += ROW_LENGTH) {
    at = bytes.writeDoubleLE(rows[i]!, at);
    at = bytes.writeDoubleLE(identityOf(rows[i]!, rows[i + 2]!, rows[i + 3]!, rows[i + 1]!), at);
    at = bytes.writeInt32LE(rows[i + 2]!, at);
    at = bytes.writeInt32LE(rows[i + 3]!, at);
  }
  return bytes;
}
