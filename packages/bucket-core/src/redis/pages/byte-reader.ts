import { UnreadableValue } from './unreadable-value.js';

/** Reads numbers one after the other from bytes, never beyond their end. */
export class ByteReader {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;

  from(bytes: Buffer, at: number): this {
    this.bytes = bytes;
    this.at = at;
    return this;
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw new UnreadableValue('it ends too early');
    return this.bytes[this.at++]!;
  }

  varint(): number {
    const { bytes } = this;
    let byte = bytes[this.at++]!;
    if (byte < 128) return byte;
    let value = byte & 127;
    byte = bytes[this.at++]!;
    value |= (byte & 127) << 7;
    if (byte < 128) return value;
    byte = bytes[this.at++]!;
    value |= (byte & 127) << 14;
    if (byte < 128) return value;
    // Beyond the end a byte is undefined, which compares as false.
    for (let scale = 2 ** 21; byte > 127 && scale <= 2 ** 49; scale *= 128) {
      byte = bytes[this.at++]!;
      value += (byte & 127) * scale;
    }
    if (!(byte < 128)) throw new UnreadableValue('a number in it does not end');
    return value;
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  u32(): number {
    if (this.at + 4 > this.bytes.length) throw new UnreadableValue('it ends too early');
    this.at += 4;
    return this.bytes.readUInt32LE(this.at - 4);
  }

  double(): number {
    if (this.at + 8 > this.bytes.length) throw new UnreadableValue('it ends too early');
    this.at += 8;
    return this.bytes.readDoubleLE(this.at - 8);
  }
}

/** `width` bits, at most 25, from a bit of the bytes on. */
export function bitsAt(bytes: Buffer, bit: number, width: number): number {
  if (width === 0) return 0;
  const at = bit >>> 3;
  const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  return (word >>> (bit & 7)) & (0xffffffff >>> (32 - width));
}

/** Bits that a whole number below 2^32 takes. */
export function widthOf(value: number): number {
  return value === 0 ? 0 : 32 - Math.clz32(value);
}
