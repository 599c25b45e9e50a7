import { isUtf8 } from 'node:buffer';

/** Bytes of a payload that a listed rejection shows. */
const EXCERPT_BYTES_MAX = 200;

const NUL = 0;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

/**
 * The payload of a publish, where it stands within other bytes. One object serves all publishes of a
 * connection.
 */
export class PayloadSlice {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  /** Behind its last byte. */
  end = 0;

  static of(bytes: Buffer): PayloadSlice {
    const slice = new PayloadSlice();
    slice.set(bytes, 0, bytes.length);
    return slice;
  }

  set(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** The same bytes, not a copy. */
  toBuffer(): Buffer {
    return this.bytes.subarray(this.start, this.end);
  }

  get isUtf8(): boolean {
    return isAscii(this.bytes, this.start, this.end) || isUtf8(this.toBuffer());
  }

  /**
   * Its text, without a byte order mark in front and NULs behind, which some devices send. Bytes that are no
   * UTF-8 become U+FFFD: see `isUtf8`.
   */
  toString(): string {
    const { bytes } = this;
    let { start, end } = this;
    while (end > start && bytes[end - 1] === NUL) end--;
    if (BYTE_ORDER_MARK.every((byte, i) => bytes[start + i] === byte) && end - start >= 3) start += 3;
    // All ASCII, as almost every payload is: one byte is one character.
    return bytes.toString(isAscii(bytes, start, end) ? 'latin1' : 'utf8', start, end);
  }

  /** The beginning of it, for people. A byte that is no UTF-8 is shown as `\xB0`. */
  get excerpt(): string {
    const end = Math.min(this.end, this.start + EXCERPT_BYTES_MAX);
    if (isAscii(this.bytes, this.start, end)) return this.bytes.toString('latin1', this.start, end);
    let text = '';
    for (let at = this.start; at < end; ) {
      const length = characterLength(this.bytes[at]!);
      const character = this.bytes.subarray(at, Math.min(at + length, this.end));
      // A character that the excerpt would cut is left out.
      if (at + length > end && isUtf8(character)) break;
      if (character.length === length && isUtf8(character)) {
        text += character.toString('utf8');
        at += length;
      } else {
        text += `\\x${this.bytes[at]!.toString(16).toUpperCase().padStart(2, '0')}`;
        at += 1;
      }
    }
    return text;
  }
}

/** Bytes of the UTF-8 character that starts with this one. */
function characterLength(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

function isAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}
