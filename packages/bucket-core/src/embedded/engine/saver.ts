import type { BooksState } from '../books/books-state.js';
import { booksPath, journalPath, type TableFile, tablePath } from '../catalog.js';
import { writeCheckedFile } from '../files/checked-file.js';
import { removeUnneeded } from '../files/files.js';
import { Delta } from '../labs/delta.js';
import type { LabBuckets } from '../labs/lab-buckets.js';
import { mergeTables } from '../labs/merge-tables.js';
import { saveDelta } from '../labs/save-delta.js';
import type { BlockCache } from '../tables/block-cache.js';
import { Table } from '../tables/table.js';
import { TableWriter } from '../tables/table-writer.js';
import type { CatalogKeeper } from './catalog-keeper.js';
import type { JournalKeeper } from './journal-keeper.js';

export const BOOKS_FORMAT = 1;

/** Runs what nothing else that writes may come between. */
export type Alone = <T>(work: () => T | Promise<T>) => Promise<T>;

/** A checkpoint that has begun, until it is done, however often it is tried. */
interface Begun {
  /** Number of the first journal file that is still needed behind it. */
  readonly journalFrom: number;
  readonly books: Buffer;
}

/**
 * Saves what the journal has, so that it can be cut off:
 *
 *     begin   alone: a new journal file, the active delta is frozen, the books are copied
 *     save    the frozen delta goes to a table, commits go on
 *     end     the catalog lists the table in place of the journal files before; alone: it takes the delta's place
 *
 * If it fails, the delta stays frozen, and `save` is tried again later, from its start.
 */
export class Saver {
  #begun: Begun | undefined;

  constructor(
    readonly labs: LabBuckets,
    readonly books: BooksState,
    readonly catalog: CatalogKeeper,
    readonly journal: JournalKeeper,
    readonly cache: BlockCache,
    readonly alone: Alone,
  ) {}

  /** @throws DiskError */
  async checkpoint(): Promise<void> {
    const begun = this.#begun ?? (await this.alone(() => this.#begin()));
    const { labs, catalog } = this;
    const frozen = labs.frozen!;
    const table = frozen.isEmpty ? undefined : await this.#write((to) => saveDelta(labs, frozen, to));
    const books = catalog.takeNumber();
    const formerBooks = catalog.content.books;
    const formerJournals = catalog.content.journals.filter(({ number }) => number < begun.journalFrom);
    try {
      await writeCheckedFile(booksPath(catalog.folder, books), 'books', BOOKS_FORMAT, begun.books);
      await catalog.change((content) => ({
        ...content,
        books,
        journals: content.journals.filter(({ number }) => number >= begun.journalFrom),
        tables: table === undefined ? content.tables : [...content.tables, fileOf(table)],
      }));
    } catch (error) {
      table?.close();
      catalog.discard(booksPath(catalog.folder, books));
      if (table !== undefined) catalog.discard(table.file.path);
      throw error;
    }
    await this.alone(() => {
      for (const { hash, check, newestMs, newestIdentities } of frozen.labs.values())
        labs.heads.put(hash, check, newestMs, newestIdentities);
      labs.frozen = undefined;
      labs.tables.replace(table === undefined ? [...labs.tables.tables] : [...labs.tables.tables, table]);
      this.#begun = undefined;
      this.journal.cutOff();
    });
    for (const { number } of formerJournals) await removeUnneeded(journalPath(catalog.folder, number));
    if (formerBooks !== undefined) await removeUnneeded(booksPath(catalog.folder, formerBooks));
  }

  /** Puts one table in the place of several. @throws DiskError; DamagedFileError */
  async merge(tables: readonly Table[], nowMs: number, rowsMax?: number): Promise<void> {
    const { labs, catalog } = this;
    const merged = await this.#write((to) => mergeTables(labs, tables, to, nowMs, rowsMax));
    const numbers = new Set(tables.map(({ number }) => number));
    try {
      await catalog.change((content) => ({
        ...content,
        tables: [...content.tables.filter(({ number }) => !numbers.has(number)), fileOf(merged)],
      }));
    } catch (error) {
      merged.close();
      catalog.discard(merged.file.path);
      throw error;
    }
    await this.alone(() => {
      const others = labs.tables.tables.filter((table) => !tables.includes(table));
      labs.tables.replace([...others, merged]);
    });
    for (const { file } of tables) await removeUnneeded(file.path);
  }

  async #begin(): Promise<Begun> {
    const { labs, books, journal } = this;
    const journalFrom = await journal.openNext();
    labs.frozen = labs.active;
    labs.active = new Delta();
    this.#begun = { journalFrom, books: books.snapshot() };
    return this.#begun;
  }

  /** A new table, on the disk and open for reading. */
  async #write(fill: (to: TableWriter) => Promise<void>): Promise<Table> {
    const { folder, content } = this.catalog;
    const number = this.catalog.takeNumber();
    const path = tablePath(folder, number);
    const to = TableWriter.create(path, content.folder, number);
    let bytes: number;
    try {
      await fill(to);
      bytes = await to.finish();
    } catch (error) {
      to.abandon();
      await removeUnneeded(path);
      throw error;
    }
    try {
      return Table.open(path, content.folder, number, bytes, this.cache);
    } catch (error) {
      await removeUnneeded(path);
      throw error;
    }
  }
}

function fileOf({ number, bytes }: Table): TableFile {
  return { number, bytes };
}
