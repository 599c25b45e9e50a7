import { type Aggregate, addObservation, emptyAggregate, mergeAggregate } from '../../aggregate/aggregate.js';
import { keepsHistograms } from '../../aggregate/histogram.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { checksum } from './checksum.js';
import { BLOCK_ROWS_MAX, getRowBlock, hasTags, newestOfRowBlock, putRowBlock } from './row-block.js';
import { Rows } from './rows.js';
import { getAggregate, putAggregate } from './small-aggregate.js';
import { UnreadableValue } from './unreadable-value.js';

/**
 * A raw page holds what a lab observed in six hours, as blocks one after the other, in any order:
 *
 *     0  u8   kind: 1 rows without tags, 2 rows with tags (row-block.ts), 3 sums
 *     1  u16  bytes of the content
 *     3  u32  checksum of the kind and the content
 *     7       content
 *
 * Sums stand for rows that were too many to keep: varint first time − start of the page, varint last time − first time, both
 * in ms; then for each bucket that follows from raw pages: varint duration, zigzag start − start of the page, both in
 * seconds, varint bytes, aggregate.
 */
const ROWS = 1;
const ROWS_WITH_TAGS = 2;
export const SUMS = 3;
const BLOCK_HEADER_BYTES = 7;
const BLOCK_BYTES_MAX = 0xffff;
/** In front of each aggregate of a block of sums, at most. */
const SUM_HEADER_BYTES_MAX = 32;

/** A block of sums within a page. */
export interface SumsBlock {
  readonly firstMs: number;
  readonly lastMs: number;
  /** Where its buckets are. */
  readonly at: number;
  readonly end: number;
}

/** A bucket that sums stand for. */
export interface BucketSum {
  readonly durationS: number;
  readonly startS: number;
  readonly aggregate: Aggregate;
}

const out = new ByteWriter();
const reader = new ByteReader();

/** Rows as blocks. @param isBySensor they are in the order of sensors: no block holds rows of two */
export function rowBlocks(
  rows: Rows,
  from: number,
  to: number,
  pageStartMs: number,
  isBySensor = false,
): Buffer {
  out.clear();
  for (let i = from; i < to; ) {
    let end = Math.min(to, i + BLOCK_ROWS_MAX);
    if (isBySensor) for (let j = i + 1; j < end; j++) if (rows.tag[j] !== rows.tag[i]) end = j;
    const withTags = hasTags(rows, i, end);
    beginBlock(withTags ? ROWS_WITH_TAGS : ROWS);
    const start = out.at;
    putRowBlock(out, rows, i, end, pageStartMs, withTags);
    endBlock(start);
    i = end;
  }
  return out.take();
}

/** The sums of rows measured from `firstMs` to `lastMs`, as blocks: mostly one. */
export function sumsBlocks(
  sums: Iterable<BucketSum>,
  firstMs: number,
  lastMs: number,
  pageStartMs: number,
): Buffer {
  out.clear();
  let start = beginSums(firstMs, lastMs, pageStartMs);
  const one = new ByteWriter();
  for (const { durationS, startS, aggregate } of sums) {
    one.clear();
    putAggregate(one, aggregate, startS);
    if (out.at - start + SUM_HEADER_BYTES_MAX + one.at > BLOCK_BYTES_MAX) {
      endBlock(start);
      start = beginSums(firstMs, lastMs, pageStartMs);
    }
    out.room(SUM_HEADER_BYTES_MAX);
    out.varint(durationS);
    out.zigzag(startS - pageStartMs / 1000);
    out.varint(one.at);
    out.copy(one.bytes, 0, one.at);
  }
  endBlock(start);
  return out.take();
}

/**
 * Adds the rows of a page that were measured in [fromMs, toMs) to `rows`.
 * @returns its sums. @throws UnreadableValue
 */
export function readRawPage(
  bytes: Buffer,
  pageStartMs: number,
  fromMs: number,
  toMs: number,
  rows: Rows,
): readonly SumsBlock[] {
  if (bytes.length === 0) throw new UnreadableValue('a raw page without a block');
  let sums: SumsBlock[] | undefined;
  for (let at = 0; at < bytes.length; ) {
    const start = at + BLOCK_HEADER_BYTES;
    if (start > bytes.length) throw new UnreadableValue('a raw page ends within a block');
    const kind = bytes[at]!;
    const end = start + bytes.readUInt16LE(at + 1);
    if (kind < ROWS || kind > SUMS)
      throw new UnreadableValue(`a raw page has a block of unknown kind ${kind}`);
    if (end > bytes.length) throw new UnreadableValue('a raw page ends within a block');
    if (checksum(bytes, start, end, kind) !== bytes.readUInt32LE(at + 3))
      throw new UnreadableValue('a block of a raw page has another checksum');
    at = end;
    if (kind !== SUMS) {
      getRowBlock(bytes, start, pageStartMs, fromMs, toMs, kind === ROWS_WITH_TAGS, rows);
      continue;
    }
    reader.from(bytes, start);
    const firstMs = pageStartMs + reader.varint();
    const lastMs = firstMs + reader.varint();
    sums ??= [];
    sums.push({ firstMs, lastMs, at: reader.at, end });
  }
  return sums ?? NO_SUMS;
}

/** What a page has of one bucket; undefined: nothing. @throws UnreadableValue */
export function bucketOfRawPage(
  bytes: Buffer,
  pageStartMs: number,
  durationS: number,
  startS: number,
  withHistograms: boolean,
): Aggregate | undefined {
  ROWS_READ.clear();
  const sums = readRawPage(bytes, pageStartMs, startS * 1000, (startS + durationS) * 1000, ROWS_READ);
  const { count, ms, temp, humidity } = ROWS_READ;
  const aggregate = count > 0 || sums.length > 0 ? emptyAggregate(withHistograms) : undefined;
  if (aggregate === undefined) return undefined;
  for (let i = 0; i < count; i++) addObservation(aggregate, ms[i]!, temp[i]!, humidity[i]!);
  for (const sum of bucketsOfSums(bytes, sums, pageStartMs, durationS))
    if (sum.startS === startS) mergeAggregate(aggregate, sum.aggregate);
  return aggregate.observations > 0 ? aggregate : undefined;
}

/** Used again for each page. */
const ROWS_READ = new Rows();

/** Time of the newest observation on a page that was read without error, Unix milliseconds; −∞: there is none. */
export function newestOfRawPage(bytes: Buffer, pageStartMs: number): number {
  let newestMs = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < bytes.length; ) {
    const start = at + BLOCK_HEADER_BYTES;
    const kind = bytes[at]!;
    at = start + bytes.readUInt16LE(at + 1);
    if (kind === SUMS) {
      reader.from(bytes, start);
      newestMs = Math.max(newestMs, pageStartMs + reader.varint() + reader.varint());
    } else newestMs = Math.max(newestMs, newestOfRowBlock(bytes, start, pageStartMs));
  }
  return newestMs;
}

const NO_SUMS: readonly SumsBlock[] = [];

/** The buckets of one duration that a page's sums stand for, or of all. */
export function* bucketsOfSums(
  bytes: Buffer,
  sums: readonly SumsBlock[],
  pageStartMs: number,
  durationS?: number,
): Iterable<BucketSum> {
  for (const { at, end } of sums)
    for (let next = at; next < end; ) {
      reader.from(bytes, next);
      const duration = reader.varint();
      const startS = pageStartMs / 1000 + reader.zigzag();
      const length = reader.varint();
      next = reader.at + length;
      if (durationS !== undefined && duration !== durationS) continue;
      const aggregate = getAggregate(reader, startS, keepsHistograms(duration));
      yield { durationS: duration, startS, aggregate };
    }
}

/**
 * A page with all its sums of the same bucket put together, in the order of their appending, and its rows as they are.
 * @throws UnreadableValue
 */
export function withMergedSums(bytes: Buffer, pageStartMs: number): Buffer {
  const sums = readRawPage(bytes, pageStartMs, 0, 0, new Rows());
  const merged = new Map<string, BucketSum>();
  for (const { durationS, startS, aggregate } of bucketsOfSums(bytes, sums, pageStartMs)) {
    const name = `${durationS} ${startS}`;
    const before = merged.get(name);
    if (before === undefined) merged.set(name, { durationS, startS, aggregate });
    else mergeAggregate(before.aggregate, aggregate);
  }
  const firstMs = sums.reduce((first, one) => Math.min(first, one.firstMs), Number.POSITIVE_INFINITY);
  const lastMs = sums.reduce((last, one) => Math.max(last, one.lastMs), firstMs);
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + BLOCK_HEADER_BYTES + bytes.readUInt16LE(at + 1);
    if (bytes[at] !== SUMS) blocks.push(bytes.subarray(at, end));
    at = end;
  }
  if (merged.size > 0) blocks.push(sumsBlocks(merged.values(), firstMs, lastMs, pageStartMs));
  return Buffer.concat(blocks);
}

/** @returns where the content of the block begins. */
function beginSums(firstMs: number, lastMs: number, pageStartMs: number): number {
  out.room(BLOCK_HEADER_BYTES + SUM_HEADER_BYTES_MAX);
  beginBlock(SUMS);
  const start = out.at;
  out.varint(firstMs - pageStartMs);
  out.varint(lastMs - firstMs);
  return start;
}

function beginBlock(kind: number): void {
  out.room(BLOCK_HEADER_BYTES);
  out.byte(kind);
  out.at += BLOCK_HEADER_BYTES - 1;
}

/** @param start where the content begins */
function endBlock(start: number): void {
  out.bytes.writeUInt16LE(out.at - start, start - 6);
  out.bytes.writeUInt32LE(
    checksum(out.bytes, start, out.at, out.bytes[start - BLOCK_HEADER_BYTES]!),
    start - 4,
  );
}
