import { ABSENT } from '../../observation/fixed-point.js';

/**
 * An observation as a commit appends it to a lab's head, 17 bytes:
 *
 *     0   i24 LE  temp in thousandths; −2^23: it has none
 *     3   i24 LE  humidity, likewise
 *     6   u40 LE  tag (see tag.ts)
 *     11  u48 BE  time, Unix milliseconds
 *
 * A row with neither value is no observation. It repeats the newest time, because the last six bytes of a head are the newest
 * time of all that the lab has; and its tag begins with how many rows before it were appended together, by time (u32), so
 * that the script of a commit need not look at all of them. The script depends on that and on nothing else.
 */
export const ROW_BYTES = 17;

/** What stands for ABSENT in 24 bits. */
export const ABSENT_24 = -0x800000;

export function putRow(
  bytes: Buffer,
  at: number,
  ms: number,
  tag: number,
  temp: number,
  humidity: number,
): void {
  const t = temp === ABSENT ? ABSENT_24 : temp;
  bytes[at] = t;
  bytes[at + 1] = t >> 8;
  bytes[at + 2] = t >> 16;
  const h = humidity === ABSENT ? ABSENT_24 : humidity;
  bytes[at + 3] = h;
  bytes[at + 4] = h >> 8;
  bytes[at + 5] = h >> 16;
  const low = tag % 4_294_967_296;
  bytes[at + 6] = low;
  bytes[at + 7] = low >>> 8;
  bytes[at + 8] = low >>> 16;
  bytes[at + 9] = low >>> 24;
  bytes[at + 10] = tag / 4_294_967_296;
  const high = Math.floor(ms / 4_294_967_296);
  const rest = ms % 4_294_967_296;
  bytes[at + 11] = high >> 8;
  bytes[at + 12] = high;
  bytes[at + 13] = rest >>> 24;
  bytes[at + 14] = rest >>> 16;
  bytes[at + 15] = rest >>> 8;
  bytes[at + 16] = rest;
}

/** Time of the row at a place, Unix milliseconds. */
export function msAt(bytes: Buffer, at: number): number {
  const high = bytes[at + 11]! * 256 + bytes[at + 12]!;
  const low = (bytes[at + 13]! << 24) | (bytes[at + 14]! << 16) | (bytes[at + 15]! << 8) | bytes[at + 16]!;
  return high * 4_294_967_296 + (low >>> 0);
}

export function tempAt(bytes: Buffer, at: number): number {
  const value = ((bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) << 8) >> 8;
  return value === ABSENT_24 ? ABSENT : value;
}

export function humidityAt(bytes: Buffer, at: number): number {
  return tempAt(bytes, at + 3);
}

export function tagAt(bytes: Buffer, at: number): number {
  const low = bytes[at + 6]! | (bytes[at + 7]! << 8) | (bytes[at + 8]! << 16) | (bytes[at + 9]! << 24);
  return (low >>> 0) + bytes[at + 10]! * 4_294_967_296;
}
