import { isUtf8 } from 'node:buffer';

/** The text of UTF-8 bytes, or undefined if they are not valid: never a replacement character. */
export function decodeUtf8(bytes: Buffer, start: number, end: number): string | undefined {
  for (let i = start; i < end; i++)
    if (bytes[i]! >= 0x80)
      return isUtf8(bytes.subarray(start, end)) ? bytes.toString('utf8', start, end) : undefined;
  // All ASCII, as almost every payload is: one byte is one character.
  return bytes.toString('latin1', start, end);
}
