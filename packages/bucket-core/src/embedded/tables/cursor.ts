import type { Section, Table } from './table.js';
import { ENTRY_HEAD_BYTES } from './table-format.js';

/**
 * Walks through the entries of one section in their order:
 *
 *     ──seek──▶ at an entry ──next──▶ at an entry … ──▶ at the end
 *                        └──▶ at a damaged block: from `hash` to `damagedTo` nobody knows what there is ──next──▶ …
 *
 * It reads a block at a time; a read that the disk refuses throws a DiskError.
 */
export class Cursor {
  isAtEnd = false;
  hash = 0;
  name = '';
  /** At a damaged block: the hash at which the next one begins. Else undefined. */
  damagedTo: number | undefined;
  #block = -1;
  #bytes: Buffer | undefined;
  /** Where the next entry begins. */
  #at = 0;
  #valueStart = 0;
  #valueEnd = 0;

  /** @param keeps whether blocks are kept in memory */
  constructor(
    readonly table: Table,
    readonly section: Section,
    readonly keeps: boolean,
  ) {}

  /** What damage is reported as. */
  get place(): string {
    return `${this.table.file.path}, block at byte ${this.section.offsets[this.#block]}`;
  }

  /** Goes to the first entry whose hash is not below this one. */
  seek(hash: number): void {
    const { firstHashes } = this.section;
    this.#openBlock(lastBelow(firstHashes.length, (i) => firstHashes[i]! < hash));
    while (!this.isAtEnd && (this.damagedTo === undefined ? this.hash < hash : this.damagedTo <= hash))
      this.next();
  }

  /** In sections of names: goes to the first name behind this one. */
  seekBehind(name: string): void {
    const { firstNames } = this.section;
    this.#openBlock(lastBelow(firstNames.length, (i) => firstNames[i]! <= name));
    while (!this.isAtEnd && this.damagedTo === undefined && this.name <= name) this.next();
  }

  next(): void {
    const bytes = this.#bytes;
    if (bytes === undefined || this.#at >= bytes.length) {
      this.#openBlock(this.#block + 1);
      return;
    }
    const at = this.#at;
    const valueBytes = bytes.readUInt32LE(at + 8);
    const nameBytes = bytes[at + 12]!;
    this.hash = bytes.readDoubleLE(at);
    const valueStart = at + ENTRY_HEAD_BYTES + nameBytes;
    this.name = bytes.toString('latin1', at + ENTRY_HEAD_BYTES, valueStart);
    this.#valueStart = valueStart;
    this.#valueEnd = valueStart + valueBytes;
    this.#at = this.#valueEnd;
  }

  /** Shares the bytes of the block. */
  get value(): Buffer {
    return this.#bytes!.subarray(this.#valueStart, this.#valueEnd);
  }

  #openBlock(i: number): void {
    const { firstHashes } = this.section;
    this.#block = i;
    this.isAtEnd = false;
    this.damagedTo = undefined;
    this.#at = 0;
    if (i >= firstHashes.length) {
      this.isAtEnd = true;
      return;
    }
    this.#bytes = this.table.block(this.section, i, this.keeps);
    if (this.#bytes === undefined) {
      this.hash = firstHashes[i]!;
      this.name = '';
      this.damagedTo = firstHashes[i + 1] ?? Number.POSITIVE_INFINITY;
    } else this.next();
  }
}

/** The last index that is below, or 0 if none is. */
function lastBelow(length: number, isBelow: (i: number) => boolean): number {
  let low = 0;
  let high = length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (isBelow(middle)) low = middle;
    else high = middle;
  }
  return low;
}
