import { ROW_LENGTH } from '../store/batch.js';
import type { LabState } from './lab-states.js';
import { emptyBase } from './pages/head.js';
import { putRow, ROW_BYTES } from './pages/tail-row.js';
import type { ScriptedRedis } from './scripts.js';
import type { Fence } from './servers.js';

/** The only caller of commit.lua: its arguments and its result stand here and there, nowhere else. */

export const INDEX = 1;
export const LOOKED = 2;
export const NO_DEDUPLICATION = 4;
/** Set here: some of its rows are counted in another way than by being sent. */
const BESIDE = 8;

/** Some rows of one lab, in the order of time, no two alike. */
export interface Part {
  readonly state: LabState;
  rows: readonly number[];
  /** Rows that are known for duplicates before the call: they are counted with it. */
  dropped: number[];
  /** Rows among them that nobody can tell from duplicates, as their page keeps no more rows. */
  suspended: number;
  flags: number;
  generation: number;
  expiryS: number;
  /** It gets a call of its own: with others it failed. */
  isAlone: boolean;
  /** Its head was set aside already, because of an error that Redis answered. */
  isRepaired: boolean;
}

/** One call of the script. It may be sent again as it is: it is done once. */
export interface CommitCall {
  /** The partition that comes first in it: its server has the record of the call. */
  readonly partition: number;
  readonly keys: readonly string[];
  readonly blob: Buffer;
  readonly base: Buffer;
  readonly parts: readonly Part[];
  /** Parts of which only duplicates are left to count. */
  readonly counted: readonly Part[];
}

/** What is the same for all calls of a commit. */
export interface CallHeader {
  readonly number: number;
  readonly lowMs: number;
  readonly highMs: number;
  readonly nowMs: number;
}

const HEADER_BYTES = 32;
const PART_BYTES = 3;
const FLAGGED_BYTES = 8;
const BESIDE_BYTES = 8;

export function packCall(
  header: CallHeader,
  partition: number,
  doneKey: string,
  countsKey: string,
  indexKeys: (partition: number) => readonly [string, string],
  lateKey: (partition: number) => string,
  parts: readonly Part[],
  counted: readonly Part[],
): CommitCall {
  let bytes = HEADER_BYTES;
  for (const part of parts)
    bytes += PART_BYTES + FLAGGED_BYTES + BESIDE_BYTES + (part.rows.length / ROW_LENGTH) * ROW_BYTES;
  const blob = Buffer.allocUnsafe(bytes);
  const keys = [doneKey, countsKey];
  let duplicates = 0;
  for (const part of counted) duplicates += part.dropped.length / ROW_LENGTH;
  let at = HEADER_BYTES;
  for (const part of parts) {
    const { state, rows } = part;
    const count = rows.length / ROW_LENGTH;
    keys.push(state.headKey);
    if (part.flags & INDEX) keys.push(...indexKeys(state.partition));
    if (part.flags & (LOOKED | NO_DEDUPLICATION)) keys.push(lateKey(state.partition));
    const isBeside = part.dropped.length > 0 || part.suspended > 0;
    const flags = isBeside ? part.flags | BESIDE : part.flags;
    blob[at] = flags;
    blob[at + 1] = count;
    blob[at + 2] = count >> 8;
    at += PART_BYTES;
    if (flags !== 0) {
      at = blob.writeUInt32LE(part.generation, at);
      at = blob.writeUInt32LE(part.expiryS, at);
    }
    if (isBeside) {
      at = blob.writeUInt32LE(part.dropped.length / ROW_LENGTH, at);
      at = blob.writeUInt32LE(part.suspended, at);
    }
    for (let i = 0; i < rows.length; i += ROW_LENGTH, at += ROW_BYTES)
      putRow(blob, at, rows[i]!, rows[i + 1]!, rows[i + 2]!, rows[i + 3]!);
  }
  blob.writeDoubleLE(header.number, 0);
  blob.writeUInt32LE(duplicates, 8);
  blob.writeDoubleLE(header.lowMs, 12);
  blob.writeDoubleLE(header.highMs, 20);
  blob.writeUInt32LE(Math.floor(header.nowMs / 1000), 28);
  // Another number each time, so that a head that was lost and came back is not taken for the same.
  return {
    partition,
    keys,
    blob: blob.subarray(0, at),
    base: emptyBase(Math.floor(Math.random() * 2 ** 32)),
    parts,
    counted,
  };
}

export function sendCall(
  redis: ScriptedRedis,
  call: CommitCall,
  process: string,
  fence?: Fence,
): Promise<(number | Buffer)[]> {
  const { keys, blob, base } = call;
  return fence === undefined
    ? redis.humtemp_commitBuffer(keys.length, ...keys, blob, base, process)
    : redis.humtemp_commitBuffer(keys.length, ...keys, blob, base, process, fence.key, fence.stamp);
}

/**
 * Asks what became of a call that had no answer: the same call without its rows. If it was done, the answer is what it was then.
 * If not, it is not done any more, however late it arrives, as a call of its number was; its rows may then go with other
 * calls, in smaller ones where the link is slow.
 */
export function inquiryOf(call: CommitCall): CommitCall {
  if (call.parts.length === 0) return call;
  const blob = Buffer.from(call.blob.subarray(0, HEADER_BYTES));
  blob.writeUInt32LE(0, 8);
  return { ...call, keys: call.keys.slice(0, 2), blob };
}

/** What the script says of one part, if it is not its head. */
export const MISSING = -1;
export const LOOK_AGAIN = -2;
export const OTHER_TYPE = -3;

export function headBytesOf(answer: number): number {
  return Math.floor(answer / 4096);
}

export function countedOf(answer: number): number {
  return (answer % 4096) >> 1;
}
