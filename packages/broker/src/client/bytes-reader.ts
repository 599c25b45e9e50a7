import { isUtf8 } from 'node:buffer';
import { ReasonCode } from '../mqtt5/reason-code.js';
import { PacketError } from './packet-error.js';

/** Reads the fields of a packet one after another (1.5). @throws PacketError where they are not what they should be. */
export class BytesReader {
  constructor(
    readonly bytes: Buffer,
    public at: number,
    readonly end: number = bytes.length,
  ) {}

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    return this.bytes[this.#take(1)]!;
  }

  uint16(): number {
    return this.bytes.readUInt16BE(this.#take(2));
  }

  uint32(): number {
    return this.bytes.readUInt32BE(this.#take(4));
  }

  /** A variable byte integer. */
  varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 128 ** 3; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new PacketError(ReasonCode.malformed, 'a variable byte integer of more than four bytes');
  }

  /** Goes on behind so many bytes. */
  skip(count: number): void {
    this.#take(count);
  }

  /** Bytes behind their length. Good as long as the packet is. */
  binary(): Buffer {
    const length = this.uint16();
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** [MQTT-1.5.4-1, 1.5.4-2] */
  text(): string {
    const bytes = this.binary();
    if (!isUtf8(bytes) || bytes.includes(0))
      throw new PacketError(ReasonCode.malformed, 'a text that is not UTF-8, or has a NUL');
    return bytes.toString();
  }

  #take(count: number): number {
    const { at } = this;
    this.at += count;
    if (this.at > this.end) throw new PacketError(ReasonCode.malformed, 'a packet that ends too early');
    return at;
  }
}
