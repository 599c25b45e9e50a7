import { journalPath } from '../catalog.js';
import { type FileIdentity, identityUnder, removeUnneeded } from '../files/files.js';
import type { JournalFile } from '../journal/journal-reader.js';
import { JournalWriter } from '../journal/journal-writer.js';
import type { CatalogKeeper } from './catalog-keeper.js';

/**
 * The journal, over all its files:
 *
 *     none ──openNext──▶ writing ──a write fails──▶ none
 *                          │  └──openNext──▶ writing the next file
 *                          └──close──▶ none
 *
 * The catalog says of each file but the last one which records belong to it. So what a failed write has left behind is
 * void as soon as there is a next file: its number is given anew.
 */
export class JournalKeeper {
  #writer: JournalWriter | undefined;
  #nextRecord: number;
  /** Bytes of files that are full. */
  #fullBytes = 0;
  readonly #identities = new Map<number, FileIdentity>();

  /** @param nextRecord behind all that were replayed */
  constructor(
    readonly catalog: CatalogKeeper,
    nextRecord: number,
  ) {
    this.#nextRecord = nextRecord;
    for (const { number } of catalog.content.journals) {
      const identity = identityUnder(journalPath(catalog.folder, number));
      if (typeof identity === 'object') this.#identities.set(number, identity);
    }
  }

  get nextRecord(): number {
    return this.#nextRecord;
  }

  /** The file that is written; undefined: the next record needs a new one. */
  get writer(): JournalWriter | undefined {
    return this.#writer;
  }

  /** Bytes of journal since it was last cut off, as far as this process wrote them. */
  get bytes(): number {
    return this.#fullBytes + (this.#writer?.bytes ?? 0);
  }

  /** Writes the next record; it is on the disk when this resolves. @throws DiskError, and then it does not count. */
  async append(kind: number, bytes: number, encode: (bytes: Buffer) => void): Promise<void> {
    if (this.#writer === undefined) await this.openNext();
    try {
      await this.#writer!.append(kind, this.#nextRecord, bytes, encode);
    } catch (error) {
      await this.#leave();
      throw error;
    }
    this.#nextRecord += 1;
  }

  /** Goes on in a new file. @returns its number @throws DiskError, and then there is no file to write */
  async openNext(): Promise<number> {
    const { catalog } = this;
    await this.#leave();
    // First of all files, so that there is no moment in which a folder without one would be refused.
    if (!catalog.isOnDisk) await catalog.change((content) => content);
    const number = catalog.takeNumber();
    const path = journalPath(catalog.folder, number);
    const first = this.#nextRecord;
    const before = catalog.content.journals;
    let writer: JournalWriter | undefined;
    try {
      writer = await JournalWriter.create(path, catalog.content.folder, number);
      await catalog.change((content) => ({
        ...content,
        journals: [...closedAt(content.journals, first - 1), { number, first }],
      }));
    } catch (error) {
      await writer?.close();
      // If the catalog may list it, it stays until that does not any more.
      if (writer === undefined) await removeUnneeded(path);
      else catalog.discard(path);
      throw error;
    }
    this.#writer = writer;
    this.#identities.set(number, writer.file);
    for (const empty of before.filter(
      (file) => !catalog.content.journals.some((one) => one.number === file.number),
    ))
      await removeUnneeded(journalPath(catalog.folder, empty.number));
    return number;
  }

  /** The file that had this number when it was opened or read. */
  identityOf(number: number): FileIdentity | undefined {
    return this.#identities.get(number);
  }

  /** Of the files before this one, nothing is needed any more. */
  cutOff(): void {
    this.#fullBytes = 0;
    const listed = new Set(this.catalog.content.journals.map(({ number }) => number));
    for (const number of this.#identities.keys()) if (!listed.has(number)) this.#identities.delete(number);
  }

  async close(): Promise<void> {
    await this.#leave();
  }

  /** Whatever is in the file, it is not written again. */
  async #leave(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    if (writer === undefined) return;
    this.#fullBytes += writer.bytes;
    await writer.close();
  }
}

/** The files without the empty ones, the last of them closed. */
export function closedAt(journals: readonly JournalFile[], last: number): readonly JournalFile[] {
  return journals
    .map((file) => ({ ...file, last: file.last ?? last }))
    .filter((file) => file.last >= file.first);
}
