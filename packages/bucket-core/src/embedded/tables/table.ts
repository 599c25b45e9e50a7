import { crc32 } from 'node:zlib';
import { DamagedFileError } from '../files/disk-error.js';
import { closeFile, type OpenFile, openForReading, readFully, sizeOf } from '../files/files.js';
import type { BlockCache } from './block-cache.js';
import { END_BYTES, SECTION, type SectionKind, sectionName, TABLE_MAGIC } from './table-format.js';

/** Where the blocks of one section are, and what each begins with. */
export interface Section {
  readonly kind: SectionKind;
  readonly a: number;
  readonly b: number;
  readonly offsets: Float64Array;
  readonly lengths: Uint32Array;
  readonly checksums: Uint32Array;
  readonly firstHashes: Float64Array;
  /** In sections of names; else empty. */
  readonly firstNames: readonly string[];
}

const NONE: readonly Section[] = [];

/** One table, for reading. Its index is in memory, its blocks are read when they are asked for. */
export class Table {
  readonly sections: readonly Section[];
  /** Those of rows: few, where a long memory makes many of buckets. */
  readonly rowSections: readonly Section[];
  /** Whether a block was found damaged: then it is not merged with others, which would hide it. */
  isDamaged = false;
  readonly #byName = new Map<string, Section[]>();

  private constructor(
    readonly file: OpenFile,
    readonly number: number,
    readonly bytes: number,
    sections: readonly Section[],
    readonly cache: BlockCache,
  ) {
    this.sections = sections;
    this.rowSections = sections.filter(({ kind }) => kind === SECTION.rows);
    for (const section of sections) {
      const name = sectionName(section.kind, section.a, section.b);
      const others = this.#byName.get(name);
      if (others === undefined) this.#byName.set(name, [section]);
      else others.push(section);
    }
  }

  /** @throws DamagedFileError where head, index or foot is not what was written; DiskError */
  static open(path: string, folder: number, number: number, bytes: number, cache: BlockCache): Table {
    const file = openForReading(path);
    try {
      const size = sizeOf(file);
      if (size !== bytes) throw new DamagedFileError(path, `it has ${size} bytes, not ${bytes}`);
      const head = readFully(file, 0, END_BYTES);
      const foot = readFully(file, bytes - END_BYTES, END_BYTES);
      const isWhole =
        foot.toString('latin1', 0, 16) === TABLE_MAGIC &&
        foot.readUInt32LE(36) === crc32(foot.subarray(0, 36)) &&
        foot.readUInt32LE(32) === crc32(head) &&
        foot.subarray(40).every((byte) => byte === 0);
      if (!isWhole) throw new DamagedFileError(path, 'its head or its foot is not what was written');
      if (head.readUInt32LE(16) !== folder || head.readDoubleLE(24) !== number)
        throw new DamagedFileError(path, 'it belongs to another folder, or is another file of this one');
      const index = readFully(file, foot.readDoubleLE(16), foot.readUInt32LE(24));
      if (crc32(index) !== foot.readUInt32LE(28))
        throw new DamagedFileError(path, 'the checksum of its index is wrong');
      return new Table(file, number, bytes, sectionsOf(index), cache);
    } catch (error) {
      closeFile(file);
      throw error;
    }
  }

  /** All sections of a kind and time. */
  find(kind: SectionKind, a = 0, b = 0): readonly Section[] {
    return this.#byName.get(sectionName(kind, a, b)) ?? NONE;
  }

  /**
   * A block of a section; undefined if its bytes are not those that were written.
   * @param keeps whether it is worth keeping in memory @throws DiskError
   */
  block(section: Section, i: number, keeps: boolean): Buffer | undefined {
    const offset = section.offsets[i]!;
    const key = `${this.number} ${offset}`;
    const held = this.cache.get(key);
    if (held !== undefined) return held;
    const bytes = readFully(this.file, offset, section.lengths[i]!);
    if (crc32(bytes) !== section.checksums[i]!) {
      this.isDamaged = true;
      return undefined;
    }
    if (keeps) this.cache.put(key, bytes);
    return bytes;
  }

  close(): void {
    closeFile(this.file);
  }
}

function sectionsOf(index: Buffer): Section[] {
  const sections: Section[] = [];
  let at = 4;
  for (let i = index.readUInt32LE(0); i > 0; i--) {
    const blocks = index.readUInt32LE(at + 4);
    const offsets = new Float64Array(blocks);
    const lengths = new Uint32Array(blocks);
    const checksums = new Uint32Array(blocks);
    const firstHashes = new Float64Array(blocks);
    const firstNames: string[] = [];
    const kind = index.readUInt32LE(at) as SectionKind;
    const a = index.readDoubleLE(at + 8);
    const b = index.readDoubleLE(at + 16);
    at += 24;
    for (let j = 0; j < blocks; j++) {
      offsets[j] = index.readDoubleLE(at);
      lengths[j] = index.readUInt32LE(at + 8);
      checksums[j] = index.readUInt32LE(at + 12);
      firstHashes[j] = index.readDoubleLE(at + 16);
      const nameBytes = index.readUInt32LE(at + 24);
      at += 28;
      if (nameBytes > 0) firstNames.push(index.toString('latin1', at, at + nameBytes));
      at += nameBytes;
    }
    sections.push({ kind, a, b, offsets, lengths, checksums, firstHashes, firstNames });
  }
  return sections;
}
