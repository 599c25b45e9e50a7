import { NOT_DECODED } from './decoder.js';

/**
 * JSON as devices send it. A byte order mark in front and NULs behind are harmless. Bytes that are no UTF-8,
 * such as a Latin-1 degree sign, become U+FFFD: harmless in a field that nobody reads, and refused in a name.
 */
export function decodeJson(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(textOf(bytes, start, end));
  } catch {
    return NOT_DECODED;
  }
}

/** The text of a payload, without a byte order mark and NULs at its end. */
export function textOf(bytes: Buffer, start: number, end: number): string {
  let last = end;
  while (last > start && bytes[last - 1] === 0) last -= 1;
  let first = start;
  if (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf && last - start >= 3)
    first += 3;
  return bytes.toString('utf8', first, last);
}
