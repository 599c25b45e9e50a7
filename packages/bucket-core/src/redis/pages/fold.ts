import { addObservation, emptyAggregate } from '../../aggregate/aggregate.js';
import { keepsHistograms } from '../../aggregate/histogram.js';
import { bucketExpiryS, bucketStartS, type Resolution } from '../../grid/bucket-grid.js';
import { ABSENT } from '../../observation/fixed-point.js';
import { RECEIPT_TAG_MIN } from '../../observation/tag.js';
import { aggregateEntry, PAGE_BUCKETS, packedEntry, withMergedSlots } from './aggregate-page.js';
import {
  aggregateAt,
  bucketsOfBase,
  HEAD_BUCKETS,
  type Head,
  type HeadBucket,
  packBase,
  parseHead,
} from './head.js';
import type { PageGrid } from './page-grid.js';
import { type BucketSum, readRawPage, rowBlocks, sumsBlocks, withMergedSums } from './raw-page.js';
import { Rows } from './rows.js';
import { humidityAt, msAt, putRow, ROW_BYTES, tagAt, tempAt } from './tail-row.js';

/**
 * A fold makes of the older rows of a lab's tail what stays:
 *
 *     tail ──▶ the two newest buckets of each resolution, in the base of the head
 *                 └─ pushed out by newer ones ──▶ aggregate page, or nothing if raw pages have it
 *          ──▶ a block of the raw page
 *     and when a raw page is over, it is packed anew ("sealed"): fewer and larger blocks take less room.
 */
export interface FoldLimits {
  /** Rows that are folded at a time, at least. */
  readonly foldRows: number;
  /** Rows that stay in the tail, so that what is a little late is found there: those of the newest seconds, … */
  readonly keptS: number;
  /** … at least and at most so many. */
  readonly keptMin: number;
  readonly keptMax: number;
}

export const FOLD_LIMITS: FoldLimits = { foldRows: 16, keptS: 90, keptMin: 8, keptMax: 64 };

/** A raw page takes no more rows beyond this; sums of them are added, of many at a time. */
export const RAW_PAGE_BYTES_MAX = 1 << 20;
/** A page that would get longer is written anew, with what it has of each bucket put together: a small part of this. */
export const SUMMED_BYTES_MAX = 2 << 20;
const AGGREGATE_PAGE_BYTES_MAX = 1 << 20;
const SUMMED_ROWS_MIN = 1024;
/** The rows of one fold reach over so many pages of each kind at most: one script call writes them all. */
const FOLDED_PAGES_MAX = 400;
/** Larger pages stay as they are: to pack them anew would take too long. */
const SEALED_BYTES_MAX = 128 << 10;

/** Used again for each head. */
const TAIL = new Rows();

export interface FoldPlan {
  readonly head: Head;
  readonly value: Buffer;
  readonly rows: Rows;
  /** Rows that are folded: the first so many. */
  readonly cut: number;
  /** Whether more could be folded, which would be too much at a time. */
  readonly isPart: boolean;
  readonly watermarkMs: number;
  /** Whether a row was not newer than the base. */
  readonly wasLate: boolean;
  /** The raw page to be sealed. */
  readonly sealedPage: number | undefined;
}

/** What is written to one page: appended, appended with the expiry set anew, or instead of what is there. */
export interface PageWrite {
  readonly key: PageName;
  how: 'append' | 'append anew' | 'set';
  readonly expiryS: number;
  readonly bytesMax: number;
  readonly bytes: Buffer[];
}

/** Which page of the lab. */
export type PageName = { readonly raw: number } | { readonly durationS: number; readonly pageStartS: number };

export interface Folded {
  /** The new base, and the rows that stay. */
  readonly head: Buffer;
  readonly baseBytes: number;
  /** The oldest of those rows, Unix seconds, if it is not newer than the base; else NO_LATE_ROW, or NONE_BEFORE. */
  readonly lateS: number;
  readonly writes: readonly PageWrite[];
}

export const NO_LATE_ROW = 2 ** 32 - 2;
/** Nor was one in what was folded: the list of labs with late rows need not be touched. */
export const NONE_BEFORE = 2 ** 32 - 1;

/**
 * What to fold of a head; undefined if there is too little.
 * @param isFull whether most of the rows become sums, so that more of them are folded at a time
 * @throws UnreadableValue
 */
export function planFold(
  value: Buffer,
  pages: PageGrid,
  isFull: boolean,
  limits: FoldLimits,
): FoldPlan | undefined {
  const { foldRows, keptS, keptMin, keptMax } = limits;
  const head = parseHead(value);
  TAIL.clear();
  let wasLate = false;
  for (let at = head.baseBytes; at < value.length; at += ROW_BYTES) {
    const ms = msAt(value, at);
    const temp = tempAt(value, at);
    const humidity = humidityAt(value, at);
    if (ms <= head.watermarkMs) wasLate = true;
    if (temp !== ABSENT || humidity !== ABSENT) TAIL.push(ms, tagAt(value, at), temp, humidity);
  }
  const rows = TAIL.copy();
  rows.sort();
  const { ms, count } = rows;
  let cut = count - keptMin;
  while (cut > 0 && count - cut < keptMax && ms[cut - 1]! > ms[count - 1]! - keptS * 1000) cut--;
  const least = isFull ? Math.max(foldRows, SUMMED_ROWS_MIN) : foldRows;
  if (cut < least && (value.length - head.baseBytes) / ROW_BYTES < least + 4 * keptMax) return undefined;
  const whole = cut;
  cut = rowsWithin(FOLDED_PAGES_MAX, rows, cut, pages);
  // Rows of one moment stay together where that is possible: what comes at the watermark costs more.
  const most = cut;
  while (cut > 0 && ms[cut - 1] === ms[cut]) cut--;
  if (cut <= 0) cut = most;
  if (cut <= 0) return undefined;
  const watermarkMs = Math.max(head.watermarkMs, ms[cut - 1]!);
  const page = pages.rawPage(head.watermarkMs);
  const isOver = pages.keepsRows() && head.watermarkMs > 0 && page < pages.rawPage(watermarkMs);
  const isPart = most < whole;
  return { head, value, rows, cut, isPart, watermarkMs, wasLate, sealedPage: isOver ? page : undefined };
}

/** How many of the first `count` rows reach over at most so many of the shortest pages. */
function rowsWithin(pagesMax: number, { ms }: Rows, count: number, { grid, rawSpanS }: PageGrid): number {
  const spanMs = 1000 * Math.min(rawSpanS, ...grid.resolutions.map((one) => one.durationS * PAGE_BUCKETS));
  let number = 0;
  for (let i = 0, last: number | undefined; i < count; i++) {
    const page = Math.floor(ms[i]! / spanMs);
    if (page === last) continue;
    if (number === pagesMax) return i;
    number += 1;
    last = page;
  }
  return count;
}

/** Bytes at which a head is worth folding, when so many rows stay in its tail. */
export function foldAtBytes(baseBytes: number, kept: number, isFull: boolean, limits: FoldLimits): number {
  const least = isFull ? Math.max(limits.foldRows, SUMMED_ROWS_MIN) : limits.foldRows;
  return baseBytes + (kept + least) * ROW_BYTES;
}

/**
 * @param sealed the raw page to be sealed, if there is one
 * @param isFull whether a raw page takes no more rows
 * @param isWritten whether this process has written to a raw page before
 * @throws UnreadableValue
 */
export function fold(
  plan: FoldPlan,
  pages: PageGrid,
  sealed: Buffer | undefined,
  isFull: (rawPage: number) => boolean,
  isWritten: (rawPage: number) => boolean,
  nowMs: number,
): Folded {
  const { head, value, rows, cut, watermarkMs } = plan;
  const writes = new PageWrites();
  const groups = foldBuckets(plan, pages, writes, nowMs);
  if (pages.keepsRows()) foldRows(plan, pages, sealed, isFull, isWritten, writes, nowMs);
  const base = packBase((head.generation + 1) >>> 0, watermarkMs, groups, value);
  const kept = rows.count - cut;
  const bytes = Buffer.allocUnsafe(base.length + kept * ROW_BYTES);
  base.copy(bytes);
  for (let i = cut, at = base.length; i < rows.count; i++, at += ROW_BYTES)
    putRow(bytes, at, rows.ms[i]!, rows.tag[i]!, rows.temp[i]!, rows.humidity[i]!);
  const isLate = kept > 0 && rows.ms[cut]! <= watermarkMs;
  const none = plan.wasLate ? NO_LATE_ROW : NONE_BEFORE;
  const lateS = isLate ? Math.floor(rows.ms[cut]! / 1000) : none;
  return { head: bytes, baseBytes: base.length, lateS, writes: writes.all };
}

/**
 * Makes of an appending write one that puts the whole page anew, in few bytes.
 * @param value the page as it was after the head had been read @throws UnreadableValue if that is not readable
 */
export function writeAnew(write: PageWrite, value: Buffer, pages: PageGrid): void {
  if (write.how === 'set') return;
  const whole = Buffer.concat([value, ...write.bytes]);
  const { key } = write;
  const anew =
    'raw' in key
      ? withMergedSums(whole, pages.rawStartMs(key.raw))
      : withMergedSlots(whole, (slot) => key.pageStartS + slot * key.durationS);
  write.bytes.splice(0, write.bytes.length, anew);
  write.how = 'set';
}

/** What is written to each page. */
export class PageWrites {
  readonly #byName = new Map<string, PageWrite>();

  get all(): readonly PageWrite[] {
    return [...this.#byName.values()];
  }

  add(key: PageName, how: PageWrite['how'], expiryS: number, bytesMax: number, bytes: Buffer): void {
    const name = 'raw' in key ? `${key.raw}` : `${key.durationS} ${key.pageStartS}`;
    const write = this.#byName.get(name);
    if (write === undefined) {
      this.#byName.set(name, { key, how, expiryS, bytesMax, bytes: [bytes] });
      return;
    }
    write.bytes.push(bytes);
    if (write.how === 'append') write.how = how;
  }

  isSet(rawPage: number): boolean {
    return this.#byName.get(`${rawPage}`)?.how === 'set';
  }
}

function foldBuckets(
  plan: FoldPlan,
  pages: PageGrid,
  writes: PageWrites,
  nowMs: number,
): [number, HeadBucket[]][] {
  const { grid } = pages;
  const held = bucketsOfBase(plan.value, plan.head);
  return grid.resolutions.map((resolution) => {
    const buckets = held.get(resolution.durationS) ?? [];
    const older = foldResolution(plan, resolution, grid.alignmentS, buckets, nowMs);
    if (!pages.followsFromRows(resolution))
      for (const bucket of older) addClosed(plan.value, pages, resolution, bucket, writes, nowMs);
    return [resolution.durationS, buckets];
  });
}

/** Adds rows to the buckets of a resolution. @returns those that are not among the newest two any more. */
function foldResolution(
  { value, rows, cut }: FoldPlan,
  resolution: Resolution,
  alignmentS: number,
  buckets: HeadBucket[],
  nowMs: number,
): HeadBucket[] {
  const { durationS } = resolution;
  const older: HeadBucket[] = [];
  const { ms, temp, humidity } = rows;
  for (let i = 0; i < cut; ) {
    const startS = bucketStartS(ms[i]!, durationS, alignmentS);
    const endMs = (startS + durationS) * 1000;
    if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) {
      while (i < cut && ms[i]! < endMs) i++;
      continue;
    }
    let bucket = buckets.find((one) => one.startS === startS);
    if (bucket === undefined) {
      const aggregate = emptyAggregate(keepsHistograms(durationS));
      bucket = { startS, at: 0, bytes: 0, aggregate };
      const pushedOut = hold(buckets, bucket);
      if (pushedOut !== undefined) older.push(pushedOut);
    }
    bucket.aggregate ??= aggregateAt(value, bucket.at, startS, true);
    for (; i < cut && ms[i]! < endMs; i++) addObservation(bucket.aggregate, ms[i]!, temp[i]!, humidity[i]!);
  }
  return older;
}

/** Puts a bucket among the newest of a resolution. @returns the one that is not among them, then */
export function hold(buckets: HeadBucket[], bucket: HeadBucket): HeadBucket | undefined {
  if (buckets.length === HEAD_BUCKETS && bucket.startS < buckets[0]!.startS) return bucket;
  buckets.push(bucket);
  buckets.sort((a, b) => a.startS - b.startS);
  return buckets.length > HEAD_BUCKETS ? buckets.shift() : undefined;
}

/** Puts a bucket that no head holds on its page. */
export function addClosed(
  value: Buffer,
  pages: PageGrid,
  resolution: Resolution,
  { startS, at, bytes, aggregate }: HeadBucket,
  writes: PageWrites,
  nowMs: number,
): void {
  if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) return;
  const { durationS } = resolution;
  const pageStartS = pages.aggregateStartS(resolution, startS);
  const slot = (startS - pageStartS) / durationS;
  // Of another alignment: no reader would look for it.
  if (!Number.isInteger(slot)) return;
  const entry =
    aggregate === undefined
      ? packedEntry(slot, value, at, at + bytes)
      : aggregateEntry(slot, aggregate, startS);
  const expiryS = pages.aggregateExpiryS(resolution, pageStartS);
  writes.add({ durationS, pageStartS }, 'append anew', expiryS, AGGREGATE_PAGE_BYTES_MAX, entry);
}

function foldRows(
  { rows, cut, sealedPage }: FoldPlan,
  pages: PageGrid,
  sealed: Buffer | undefined,
  isFull: (rawPage: number) => boolean,
  isWritten: (rawPage: number) => boolean,
  writes: PageWrites,
  nowMs: number,
): void {
  if (sealedPage !== undefined && sealed !== undefined && sealed.length <= SEALED_BYTES_MAX)
    seal(rows, cut, pages, sealedPage, sealed, writes, nowMs);
  for (let i = 0; i < cut; ) {
    const page = pages.rawPage(rows.ms[i]!);
    const startMs = pages.rawStartMs(page);
    const endMs = pages.rawStartMs(page + 1);
    const from = i;
    while (i < cut && rows.ms[i]! < endMs) i++;
    if (writes.isSet(page)) continue;
    // Late rows are remembered longer than their page; and another configuration may have set another expiry.
    const how = endMs < nowMs || !isWritten(page) ? 'append anew' : 'append';
    const expiryS = pages.rawExpiryS(page, nowMs);
    if (isFull(page)) {
      const sums = sumsOf(rows, from, i, pages, nowMs);
      const block = sumsBlocks(sums, rows.ms[from]!, rows.ms[i - 1]!, startMs);
      writes.add({ raw: page }, how, expiryS, SUMMED_BYTES_MAX, block);
    } else writes.add({ raw: page }, how, expiryS, RAW_PAGE_BYTES_MAX, rowBlocks(rows, from, i, startMs));
  }
}

function seal(
  rows: Rows,
  cut: number,
  pages: PageGrid,
  page: number,
  sealed: Buffer,
  writes: PageWrites,
  nowMs: number,
): void {
  const all = new Rows();
  const startMs = pages.rawStartMs(page);
  const everything = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
  if (readRawPage(sealed, startMs, ...everything, all).length > 0) return;
  for (let i = 0; i < cut; i++)
    if (pages.rawPage(rows.ms[i]!) === page)
      all.push(rows.ms[i]!, rows.tag[i]!, rows.temp[i]!, rows.humidity[i]!);
  all.sort();
  // From now on the time of receipt and the values tell those without a timestamp apart.
  for (let i = 0; i < all.count; i++) if (all.tag[i]! > RECEIPT_TAG_MIN) all.tag[i] = RECEIPT_TAG_MIN;
  const isBySensor = all.sortBySensor();
  const blocks = rowBlocks(all, 0, all.count, startMs, isBySensor);
  writes.add({ raw: page }, 'set', pages.rawExpiryS(page, nowMs), RAW_PAGE_BYTES_MAX, blocks);
}

function sumsOf(rows: Rows, from: number, to: number, pages: PageGrid, nowMs: number): BucketSum[] {
  const sums: BucketSum[] = [];
  for (const resolution of pages.grid.resolutions) {
    if (!pages.followsFromRows(resolution)) continue;
    const { durationS } = resolution;
    for (let i = from; i < to; ) {
      const startS = bucketStartS(rows.ms[i]!, durationS, pages.grid.alignmentS);
      const endMs = (startS + durationS) * 1000;
      const aggregate = emptyAggregate(keepsHistograms(durationS));
      for (; i < to && rows.ms[i]! < endMs; i++)
        addObservation(aggregate, rows.ms[i]!, rows.temp[i]!, rows.humidity[i]!);
      if (bucketExpiryS(startS, resolution) * 1000 > nowMs) sums.push({ durationS, startS, aggregate });
    }
  }
  return sums;
}
