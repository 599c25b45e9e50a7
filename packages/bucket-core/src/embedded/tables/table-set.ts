import { Cursor } from './cursor.js';
import type { Section, Table } from './table.js';
import { SECTION, type SectionKind } from './table-format.js';

/** Times of which the cursors are kept. */
const KEPT_MAX = 2000;

/** A value cannot be read: the block that it would be in is damaged. */
export class DamagedValueError extends Error {
  override readonly name = 'DamagedValueError';

  constructor(
    readonly lab: string,
    readonly place: string,
  ) {
    super(`${place}: the checksum is wrong`);
  }
}

/** Where the values of one time are: cursors over the sections of all tables. */
export interface Sources {
  readonly buckets: readonly Cursor[];
  /** Rows of the hours that the bucket overlaps. */
  readonly rows: readonly Cursor[];
}

/** The tables that there are now. What is read of them is read without a pause, so none goes meanwhile. */
export class TableSet {
  #tables: readonly Table[] = [];
  #version = 0;
  /** By duration, then by start: a key of both would be made for each bucket that is read. */
  readonly #sources = new Map<number, Map<number, Sources>>();
  readonly #cursors = new Map<string, readonly Cursor[]>();

  get tables(): readonly Table[] {
    return this.#tables;
  }

  /** Another one each time that there are other tables. */
  get version(): number {
    return this.#version;
  }

  replace(tables: readonly Table[]): void {
    for (const table of this.#tables) if (!tables.includes(table)) table.close();
    this.#tables = tables;
    this.#version += 1;
    this.#sources.clear();
    this.#cursors.clear();
  }

  /** Whether there is a bucket of this duration. */
  hasBuckets(durationS: number, isKept: (section: Section) => boolean = () => true): boolean {
    return this.#tables.some(({ sections }) =>
      sections.some(
        (section) => section.kind === SECTION.bucket && section.a === durationS && isKept(section),
      ),
    );
  }

  /** New cursors over all sections of a kind and time, for reading many. */
  scan(kind: SectionKind, a = 0, b = 0): Cursor[] {
    return this.#tables.flatMap((table) =>
      table.find(kind, a, b).map((section) => new Cursor(table, section, false)),
    );
  }

  /** New cursors over rows of the hours that [startS, startS + durationS) overlaps. */
  scanRows(startS: number, durationS: number): Cursor[] {
    return this.#rowsOf(startS, durationS, false);
  }

  /** Where one bucket of any lab is. */
  sources(durationS: number, startS: number): Sources {
    let ofDuration = this.#sources.get(durationS);
    if (ofDuration === undefined) {
      ofDuration = new Map();
      this.#sources.set(durationS, ofDuration);
    }
    let sources = ofDuration.get(startS);
    if (sources === undefined) {
      if (ofDuration.size >= KEPT_MAX) ofDuration.clear();
      const buckets = this.#find(SECTION.bucket, durationS, startS);
      sources = { buckets, rows: this.#rowsOf(startS, durationS, true) };
      ofDuration.set(startS, sources);
    }
    return sources;
  }

  /** Where identities of an hour are. */
  identitySources(hour: number): readonly Cursor[] {
    return this.#kept(SECTION.identities, hour);
  }

  rowSources(hour: number): readonly Cursor[] {
    return this.#kept(SECTION.rows, hour);
  }

  close(): void {
    this.replace([]);
  }

  #kept(kind: SectionKind, a: number): readonly Cursor[] {
    const key = `${kind} ${a}`;
    let cursors = this.#cursors.get(key);
    if (cursors === undefined) {
      if (this.#cursors.size >= KEPT_MAX) this.#cursors.clear();
      cursors = this.#find(kind, a, 0);
      this.#cursors.set(key, cursors);
    }
    return cursors;
  }

  #find(kind: SectionKind, a: number, b: number): Cursor[] {
    return this.#tables.flatMap((table) =>
      table.find(kind, a, b).map((section) => new Cursor(table, section, true)),
    );
  }

  #rowsOf(startS: number, durationS: number, keeps: boolean): Cursor[] {
    const cursors: Cursor[] = [];
    for (const table of this.#tables)
      for (const section of table.rowSections) {
        const hourS = section.a * 3600;
        if (hourS < startS + durationS && hourS + 3600 > startS)
          cursors.push(new Cursor(table, section, keeps));
      }
    return cursors;
  }
}

/** The value of one lab in a section; undefined if it has none. @throws DamagedValueError; DiskError */
export function valueAt(cursor: Cursor, hash: number, lab: string): Buffer | undefined {
  cursor.seek(hash);
  while (!cursor.isAtEnd && cursor.hash === hash && cursor.damagedTo === undefined && cursor.name !== lab)
    cursor.next();
  if (cursor.isAtEnd) return undefined;
  if (cursor.damagedTo !== undefined && cursor.hash <= hash) throw new DamagedValueError(lab, cursor.place);
  return cursor.hash === hash && cursor.name === lab ? cursor.value : undefined;
}

/** A value of 8-byte numbers, as a copy. */
export function numbersOf(value: Buffer): Float64Array {
  const { buffer, byteOffset, length } = value;
  return new Float64Array(buffer.slice(byteOffset, byteOffset + length));
}
