/** Appends numbers to bytes that grow as needed. Used again and again: `take` copies what was written. */
export class ByteWriter {
  bytes = Buffer.alloc(1024);
  at = 0;
  #bits = 0;
  #bitCount = 0;

  clear(): void {
    this.at = 0;
  }

  /** Makes room for so many bytes more: what is written next must be within it. */
  room(bytes: number): void {
    if (this.at + bytes <= this.bytes.length) return;
    const more = Buffer.alloc((this.at + bytes) * 2);
    this.bytes.copy(more, 0, 0, this.at);
    this.bytes = more;
  }

  byte(value: number): void {
    this.bytes[this.at++] = value;
  }

  /** A whole number from 0 to 2^53, seven bits a byte, the lowest first. */
  varint(value: number): void {
    let rest = value;
    while (rest > 0x7fffffff) {
      this.bytes[this.at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      this.bytes[this.at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.at++] = rest;
  }

  /** A whole number of either sign. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  u32(value: number): void {
    this.at = this.bytes.writeUInt32LE(value >>> 0, this.at);
  }

  double(value: number): void {
    this.at = this.bytes.writeDoubleLE(value, this.at);
  }

  copy(from: Buffer, start: number, end: number): void {
    this.room(end - start);
    from.copy(this.bytes, this.at, start, end);
    this.at += end - start;
  }

  /** The lowest `width` bits of a value, at most 25; end them with endBits(). */
  bits(value: number, width: number): void {
    // At most 7 bits are left over from before.
    this.#bits = (this.#bits | (value << this.#bitCount)) >>> 0;
    this.#bitCount += width;
    while (this.#bitCount >= 8) {
      this.bytes[this.at++] = this.#bits & 255;
      this.#bits >>>= 8;
      this.#bitCount -= 8;
    }
  }

  endBits(): void {
    if (this.#bitCount > 0) this.bytes[this.at++] = this.#bits & 255;
    this.#bits = 0;
    this.#bitCount = 0;
  }

  take(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.at));
  }
}
