import { type Aggregate, mergeAggregate } from '../../aggregate/aggregate.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { checksum } from './checksum.js';
import { getAggregate, putAggregate } from './small-aggregate.js';
import { UnreadableValue } from './unreadable-value.js';

/**
 * An aggregate page holds closed buckets of one resolution as entries: u8 slot, the number of the bucket within the page,
 * in the lower five bits, and a check of slot and length in the upper three; varint bytes; u16 checksum of slot and
 * aggregate; aggregate. A slot may come more than once: late observations append another entry, and entries of a slot are
 * merged. The check is there for entries that a reader passes by: their checksum is not computed.
 */
export const PAGE_BUCKETS = 24;
const SLOT_BITS = 5;
const SLOT_MASK = 0x1f;

const out = new ByteWriter();
const body = new ByteWriter();
const reader = new ByteReader();

export function aggregateEntry(slot: number, aggregate: Aggregate, startS: number): Buffer {
  body.clear();
  putAggregate(body, aggregate, startS);
  return packedEntry(slot, body.bytes, 0, body.at);
}

/** An entry of an aggregate that is packed already. */
export function packedEntry(slot: number, bytes: Buffer, from: number, to: number): Buffer {
  out.clear();
  out.room(16);
  out.byte(slot | (slotCheck(slot, to - from) << SLOT_BITS));
  out.varint(to - from);
  const check = checksum(bytes, from, to, slot);
  out.byte(check);
  out.byte(check >>> 8);
  out.copy(bytes, from, to);
  return out.take();
}

/** The aggregate of one slot, merged; undefined if there is none. @throws UnreadableValue */
export function aggregateOfSlot(
  bytes: Buffer,
  slot: number,
  startS: number,
  withHistograms: boolean,
): Aggregate | undefined {
  expectEntries(bytes);
  let aggregate: Aggregate | undefined;
  for (let at = 0; at < bytes.length; ) {
    const length = entryAt(bytes, at);
    const start = reader.at;
    if ((bytes[at]! & SLOT_MASK) === slot) {
      const one = entryOf(bytes, slot, start, length, startS, withHistograms);
      if (aggregate === undefined) aggregate = one;
      else mergeAggregate(aggregate, one);
    }
    at = start + length;
  }
  return aggregate;
}

/** The newest slot that a page has something of; −1: it has nothing. @throws UnreadableValue */
export function newestSlot(bytes: Buffer): number {
  let newest = -1;
  for (let at = 0; at < bytes.length; ) {
    const length = entryAt(bytes, at);
    newest = Math.max(newest, bytes[at]! & SLOT_MASK);
    at = reader.at + length;
  }
  return newest;
}

/** Visits every entry in the order of their appending. @throws UnreadableValue */
export function eachAggregate(
  bytes: Buffer,
  startOf: (slot: number) => number,
  isWanted: (startS: number) => boolean,
  visit: (startS: number, aggregate: Aggregate) => void,
  withHistograms = true,
): void {
  expectEntries(bytes);
  for (let at = 0; at < bytes.length; ) {
    const length = entryAt(bytes, at);
    const slot = bytes[at]! & SLOT_MASK;
    const startS = startOf(slot);
    const start = reader.at;
    if (isWanted(startS)) visit(startS, entryOf(bytes, slot, start, length, startS, withHistograms));
    at = start + length;
  }
}

/** A page with one entry for each slot. @throws UnreadableValue */
export function withMergedSlots(bytes: Buffer, startOf: (slot: number) => number): Buffer {
  const merged = new Map<number, Aggregate>();
  const visit = (startS: number, aggregate: Aggregate) => {
    const before = merged.get(startS);
    if (before === undefined) merged.set(startS, aggregate);
    else mergeAggregate(before, aggregate);
  };
  eachAggregate(bytes, startOf, () => true, visit);
  const entries: Buffer[] = [];
  for (let slot = 0; slot < PAGE_BUCKETS; slot++) {
    const aggregate = merged.get(startOf(slot));
    if (aggregate !== undefined) entries.push(aggregateEntry(slot, aggregate, startOf(slot)));
  }
  return Buffer.concat(entries);
}

function expectEntries(bytes: Buffer): void {
  if (bytes.length === 0) throw new UnreadableValue('an aggregate page without an entry');
}

/** Bytes of the aggregate in an entry; the reader stands before it then. */
function entryAt(bytes: Buffer, at: number): number {
  const slot = bytes[at]! & SLOT_MASK;
  const length = reader.from(bytes, at + 1).varint();
  if (slot >= PAGE_BUCKETS || bytes[at]! >>> SLOT_BITS !== slotCheck(slot, length))
    throw new UnreadableValue(`an aggregate page has no entry at byte ${at}`);
  reader.at += 2;
  if (reader.at + length > bytes.length) throw new UnreadableValue('an aggregate page ends within an entry');
  return length;
}

function slotCheck(slot: number, length: number): number {
  return (slot ^ (slot >>> 3) ^ length) & 7;
}

function entryOf(
  bytes: Buffer,
  slot: number,
  start: number,
  length: number,
  startS: number,
  withHistograms: boolean,
): Aggregate {
  if ((checksum(bytes, start, start + length, slot) & 0xffff) !== bytes.readUInt16LE(start - 2))
    throw new UnreadableValue('an entry of an aggregate page has another checksum');
  return getAggregate(reader.from(bytes, start), startS, withHistograms);
}
