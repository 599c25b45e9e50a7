import type { Aggregate } from '../../aggregate/aggregate.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { checksum } from './checksum.js';
import { getAggregate, putAggregate } from './small-aggregate.js';
import { ROW_BYTES } from './tail-row.js';
import { UnreadableValue } from './unreadable-value.js';

/**
 * A lab's head: the base, which folds write, and the tail, to which commits append.
 *
 *     0    u8      version
 *     1    u32     bytes of the base
 *     5    u32     generation: another one after each fold
 *     9    u32     checksum of what follows in the base
 *     13   then for each resolution: varint duration, u8 number of buckets (0 to 2, oldest first); for each of them
 *          zigzag second of the watermark − start, varint bytes, aggregate
 *     −6   u48 BE  watermark: the newest time of what is folded
 *     tail rows of 17 bytes in the order of arrival (tail-row.ts)
 *
 * The last six bytes of the whole are always the newest time of everything that the lab has.
 */
export const HEAD_VERSION = 1;
const HEADER_BYTES = 13;
const TIME_BYTES = 6;
export const EMPTY_BASE_BYTES = HEADER_BYTES + TIME_BYTES;
/** Newest buckets of each resolution that a head holds. */
export const HEAD_BUCKETS = 2;

export interface Head {
  /** Where the tail begins. */
  readonly baseBytes: number;
  readonly generation: number;
  readonly watermarkMs: number;
}

/** A bucket of a base: packed, or made from it once something is added. */
export interface HeadBucket {
  readonly startS: number;
  readonly at: number;
  readonly bytes: number;
  aggregate: Aggregate | undefined;
}

/** The bucket is older than those that the base holds, and may be on a page. */
export const ON_PAGE = 'on a page';

const reader = new ByteReader();

/** @throws UnreadableValue when the bytes are no head of a known version, or damaged. */
export function parseHead(value: Buffer): Head {
  if (value.length < EMPTY_BASE_BYTES) throw new UnreadableValue(`a head of ${value.length} bytes`);
  if (value[0] !== HEAD_VERSION)
    throw new UnreadableValue(`a head of version ${value[0]}, not ${HEAD_VERSION}`);
  const baseBytes = value.readUInt32LE(1);
  if (baseBytes < EMPTY_BASE_BYTES || baseBytes > value.length)
    throw new UnreadableValue('a head that is cut off');
  if (checksum(value, HEADER_BYTES, baseBytes, HEAD_VERSION) !== value.readUInt32LE(9))
    throw new UnreadableValue('a head with another checksum');
  if ((value.length - baseBytes) % ROW_BYTES !== 0)
    throw new UnreadableValue('a head that ends within an observation');
  return {
    baseBytes,
    generation: value.readUInt32LE(5),
    watermarkMs: value.readUIntBE(baseBytes - TIME_BYTES, TIME_BYTES),
  };
}

/** The newest time of everything that the lab has, Unix milliseconds. */
export function newestMs(value: Buffer): number {
  return value.readUIntBE(value.length - TIME_BYTES, TIME_BYTES);
}

/** A base without buckets. */
export function emptyBase(generation: number): Buffer {
  return packBase(generation, 0, []);
}

const out = new ByteWriter();
const body = new ByteWriter();

/** @param value what packed buckets are copied from */
export function packBase(
  generation: number,
  watermarkMs: number,
  groups: Iterable<readonly [durationS: number, buckets: readonly HeadBucket[]]>,
  value: Buffer = out.bytes,
): Buffer {
  const watermarkS = Math.floor(watermarkMs / 1000);
  out.clear();
  out.room(HEADER_BYTES);
  out.at = HEADER_BYTES;
  for (const [durationS, buckets] of groups) {
    out.room(16);
    out.varint(durationS);
    out.byte(buckets.length);
    for (const { startS, at, bytes, aggregate } of buckets) {
      out.room(32);
      out.zigzag(watermarkS - startS);
      if (aggregate === undefined) {
        out.varint(bytes);
        out.copy(value, at, at + bytes);
        continue;
      }
      body.clear();
      putAggregate(body, aggregate, startS);
      out.varint(body.at);
      out.copy(body.bytes, 0, body.at);
    }
  }
  out.room(TIME_BYTES);
  out.at = out.bytes.writeUIntBE(watermarkMs, out.at, TIME_BYTES);
  out.bytes[0] = HEAD_VERSION;
  out.bytes.writeUInt32LE(out.at, 1);
  out.bytes.writeUInt32LE(generation, 5);
  out.bytes.writeUInt32LE(checksum(out.bytes, HEADER_BYTES, out.at, HEAD_VERSION), 9);
  return out.take();
}

/** All buckets of a base, by duration: places only, nothing is unpacked. */
export function bucketsOfBase(value: Buffer, { baseBytes, watermarkMs }: Head): Map<number, HeadBucket[]> {
  const groups = new Map<number, HeadBucket[]>();
  const watermarkS = Math.floor(watermarkMs / 1000);
  reader.from(value, HEADER_BYTES);
  while (reader.at < baseBytes - TIME_BYTES) {
    const durationS = reader.varint();
    const count = reader.byte();
    const buckets: HeadBucket[] = [];
    for (let i = 0; i < count; i++) {
      const startS = watermarkS - reader.zigzag();
      const bytes = reader.varint();
      buckets.push({ startS, at: reader.at, bytes, aggregate: undefined });
      reader.at += bytes;
    }
    groups.set(durationS, buckets);
  }
  return groups;
}

export function aggregateAt(value: Buffer, at: number, startS: number, withHistograms: boolean): Aggregate {
  return getAggregate(reader.from(value, at), startS, withHistograms);
}

/** One bucket of a base, without looking into the others. Undefined: there is none so far. */
export function bucketOfBase(
  value: Buffer,
  { baseBytes, watermarkMs }: Head,
  durationS: number,
  startS: number,
  withHistograms: boolean,
): Aggregate | typeof ON_PAGE | undefined {
  const watermarkS = Math.floor(watermarkMs / 1000);
  reader.from(value, HEADER_BYTES);
  while (reader.at < baseBytes - TIME_BYTES) {
    const duration = reader.varint();
    const count = reader.byte();
    for (let i = 0; i < count; i++) {
      const start = watermarkS - reader.zigzag();
      const bytes = reader.varint();
      if (duration === durationS) {
        if (start === startS) return getAggregate(reader, startS, withHistograms);
        // The oldest comes first.
        if (i === 0 && startS < start) return count < HEAD_BUCKETS ? undefined : ON_PAGE;
      }
      reader.at += bytes;
    }
    if (duration === durationS) return undefined;
  }
  return undefined;
}
