import { crc32 } from 'node:zlib';
import { closeFile, createFile, type OpenFile, syncFile, writeFully } from '../files/files.js';
import {
  BLOCK_BYTES,
  END_BYTES,
  ENTRY_HEAD_BYTES,
  SECTION,
  type SectionKind,
  TABLE_MAGIC,
} from './table-format.js';

/** Bytes that are handed to the disk at a time. */
const WRITTEN_BYTES = 256 * 1024;

/**
 * Writes one table: sections are opened, entries added to each in their order, and `finish` puts it on the disk.
 * Nothing is written but by `drain` and `finish`, so that adding is not interrupted.
 */
export class TableWriter {
  readonly sections: SectionWriter[] = [];
  #blocks: Buffer[] = [];
  #blockBytes = 0;
  /** Where the next block begins. */
  #end = END_BYTES;
  #written = END_BYTES;

  private constructor(
    readonly file: OpenFile,
    readonly folder: number,
    readonly number: number,
  ) {}

  /** @throws DiskError */
  static create(path: string, folder: number, number: number): TableWriter {
    return new TableWriter(createFile(path), folder, number);
  }

  section(kind: SectionKind, a = 0, b = 0): SectionWriter {
    const section = new SectionWriter(this, kind, a, b);
    this.sections.push(section);
    return section;
  }

  /** Takes a finished block. @returns where it will be. */
  put(block: Buffer): number {
    const at = this.#end;
    this.#blocks.push(block);
    this.#blockBytes += block.length;
    this.#end += block.length;
    return at;
  }

  /** Whether so much has come together that `drain` is worth its while. */
  get isFull(): boolean {
    return this.#blockBytes >= WRITTEN_BYTES;
  }

  /** @throws DiskError */
  async drain(): Promise<void> {
    const bytes = Buffer.concat(this.#blocks);
    this.#blocks = [];
    this.#blockBytes = 0;
    await writeFully(this.file, bytes, this.#written);
    this.#written += bytes.length;
  }

  /** On the disk, but for its name, when it resolves with the bytes of the file. @throws DiskError */
  async finish(): Promise<number> {
    for (const section of this.sections) section.end();
    const index = this.#index();
    const head = Buffer.alloc(END_BYTES);
    head.write(TABLE_MAGIC, 'latin1');
    head.writeUInt32LE(this.folder, 16);
    head.writeDoubleLE(this.number, 24);
    const foot = Buffer.alloc(END_BYTES);
    foot.write(TABLE_MAGIC, 'latin1');
    foot.writeDoubleLE(this.#end, 16);
    foot.writeUInt32LE(index.length, 24);
    foot.writeUInt32LE(crc32(index), 28);
    foot.writeUInt32LE(crc32(head), 32);
    foot.writeUInt32LE(crc32(foot.subarray(0, 36)), 36);
    this.#blocks.push(index, foot);
    await this.drain();
    await writeFully(this.file, head, 0);
    await syncFile(this.file);
    closeFile(this.file);
    return this.#written;
  }

  /** Gives up. */
  abandon(): void {
    closeFile(this.file);
  }

  /**
   * u32 sections; for each: u32 kind, u32 blocks, f64 a, f64 b; for each block: f64 offset, u32 length, u32 CRC-32,
   * f64 hash of its first entry, u32 bytes of that entry's name (in sections of names, else 0), name.
   */
  #index(): Buffer {
    const used = this.sections.filter(({ blocks }) => blocks.length > 0);
    let length = 4;
    for (const { blocks } of used) {
      length += 24;
      for (const { firstName } of blocks) length += 28 + firstName.length;
    }
    const bytes = Buffer.alloc(length);
    let at = bytes.writeUInt32LE(used.length, 0);
    for (const { kind, a, b, blocks } of used) {
      at = bytes.writeUInt32LE(kind, at);
      at = bytes.writeUInt32LE(blocks.length, at);
      at = bytes.writeDoubleLE(a, at);
      at = bytes.writeDoubleLE(b, at);
      for (const block of blocks) {
        at = bytes.writeDoubleLE(block.offset, at);
        at = bytes.writeUInt32LE(block.length, at);
        at = bytes.writeUInt32LE(block.checksum, at);
        at = bytes.writeDoubleLE(block.firstHash, at);
        at = bytes.writeUInt32LE(block.firstName.length, at);
        at += bytes.write(block.firstName, at, 'latin1');
      }
    }
    return bytes;
  }
}

interface WrittenBlock {
  readonly offset: number;
  readonly length: number;
  readonly checksum: number;
  readonly firstHash: number;
  readonly firstName: string;
}

/** One section of a table that is being written. Entries come in their order. */
export class SectionWriter {
  readonly blocks: WrittenBlock[] = [];
  #bytes = Buffer.alloc(0);
  #length = 0;
  #firstHash = 0;
  #firstName = '';

  constructor(
    readonly table: TableWriter,
    readonly kind: SectionKind,
    readonly a: number,
    readonly b: number,
  ) {}

  add(hash: number, name: string, value: Buffer): void {
    const at = this.begin(hash, name, value.length);
    value.copy(this.#bytes, at);
  }

  /** The same for a value of 8-byte numbers. */
  addNumbers(hash: number, name: string, values: ArrayLike<number>): void {
    let at = this.begin(hash, name, values.length * 8);
    for (let i = 0; i < values.length; i++) at = this.#bytes.writeDoubleLE(values[i]!, at);
  }

  end(): void {
    if (this.#length === 0) return;
    const block = this.#bytes.subarray(0, this.#length);
    this.blocks.push({
      offset: this.table.put(block),
      length: block.length,
      checksum: crc32(block),
      firstHash: this.#firstHash,
      firstName: this.kind === SECTION.names ? this.#firstName : '',
    });
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
  }

  /** Room for a value. @returns where it goes. */
  private begin(hash: number, name: string, valueBytes: number): number {
    const length = ENTRY_HEAD_BYTES + name.length + valueBytes;
    if (this.#length > 0 && this.#length + length > BLOCK_BYTES) this.end();
    if (this.#length === 0) {
      this.#firstHash = hash;
      this.#firstName = name;
    }
    if (this.#bytes.length < this.#length + length) {
      const larger = Buffer.allocUnsafeSlow(
        Math.max(length, Math.min(BLOCK_BYTES, 4 * (this.#length + length))),
      );
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    const bytes = this.#bytes;
    let at = bytes.writeDoubleLE(hash, this.#length);
    at = bytes.writeUInt32LE(valueBytes, at);
    at = bytes.writeUInt8(name.length, at);
    at += bytes.write(name, at, 'latin1');
    this.#length += length;
    return at;
  }
}
