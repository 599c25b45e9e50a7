import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Batch } from '../../store/batch.js';
import { emptyCommitResult } from '../../store/commit-result.js';
import type { StoreOptions } from '../../store/store-options.js';
import { type BooksEntry, BooksState } from '../books/books-state.js';
import {
  booksPath,
  type CatalogContent,
  catalogPath,
  FolderFormatError,
  journalPath,
  OWN_FILE,
  readCatalog,
  tablePath,
} from '../catalog.js';
import { readCheckedFile } from '../files/checked-file.js';
import { DamagedFileError, DiskError } from '../files/disk-error.js';
import type { FileIdentity } from '../files/files.js';
import { decodeBatch } from '../journal/batch-record.js';
import { decodeBuckets } from '../journal/buckets-record.js';
import { KIND } from '../journal/journal-frame.js';
import { journalEntries } from '../journal/journal-reader.js';
import { RowCommits } from '../labs/commit-rows.js';
import { LabBuckets, type ReportDamage } from '../labs/lab-buckets.js';
import { loadHeads } from '../labs/load-heads.js';
import { configurationOf } from '../stored-configuration.js';
import type { BlockCache } from '../tables/block-cache.js';
import { Table } from '../tables/table.js';

/** What a folder holds, in memory. */
export interface LoadedFolder {
  readonly content: CatalogContent;
  /** Undefined: there was nothing, and nothing is on the disk yet. */
  readonly identity: FileIdentity | undefined;
  readonly labs: LabBuckets;
  readonly commits: RowCommits;
  readonly books: BooksState;
  /** Behind all records that were replayed. */
  readonly nextRecord: number;
}

/** Files of the format before this one. */
const FORMER_FILE = 'data.mdb';

/** Reads the catalog of a folder, or makes one for an empty folder, without writing it. */
export function catalogOf(
  folder: string,
  options: StoreOptions,
): { readonly content: CatalogContent; readonly identity: FileIdentity | undefined } {
  const read = readCatalog(folder);
  if (read !== undefined) return read;
  const names = readdirSync(folder);
  if (names.includes(FORMER_FILE))
    throw new FolderFormatError(
      folder,
      'data of an earlier version of humtemp, in a format that is no longer read: ' +
        'let that version serve it for as long as it is needed, and use an empty folder here (see "Data of earlier versions" in docs/stores.md)',
    );
  const left = names.find((name) => /^(?:journal|table|books)-\d+$/.test(name));
  if (left !== undefined)
    throw new DamagedFileError(catalogPath(folder), `it is missing, but ${left} is there`);
  const content: CatalogContent = {
    format: 3,
    folder: randomInt(1, 2 ** 32),
    nextFile: 1,
    configuration: configurationOf(options, []),
    tables: [],
    journals: [],
  };
  return { content, identity: undefined };
}

/**
 * Reads everything that the catalog lists, and applies the journal.
 * @throws DamagedFileError where a file is missing or is not what was written; DiskError
 */
export function loadFolder(
  folder: string,
  { content, identity }: ReturnType<typeof catalogOf>,
  options: StoreOptions,
  cache: BlockCache,
  onDamage: ReportDamage,
): LoadedFolder {
  const labs = new LabBuckets(options, onDamage);
  labs.formerResolutions = content.configuration.formerResolutions;
  requireAll(folder, content);
  const tables: Table[] = [];
  try {
    for (const { number, bytes } of content.tables)
      tables.push(Table.open(tablePath(folder, number), content.folder, number, bytes, cache));
    labs.tables.replace(tables);
    loadHeads(labs);
    const books = loadBooks(folder, content, options, onDamage);
    const commits = new RowCommits(labs);
    const nextRecord = replay(folder, content, commits, books);
    return { content, identity, labs, commits, books, nextRecord };
  } catch (error) {
    for (const table of tables) table.close();
    throw error;
  }
}

/** Files of the store that the catalog does not list: left over from something that did not come to its end. */
export function unlistedFiles(folder: string, { tables, journals, books }: CatalogContent): string[] {
  const listed = new Set([
    catalogPath(folder),
    ...tables.map(({ number }) => tablePath(folder, number)),
    ...journals.map(({ number }) => journalPath(folder, number)),
    ...(books === undefined ? [] : [booksPath(folder, books)]),
  ]);
  return readdirSync(folder)
    .filter((name) => OWN_FILE.test(name))
    .map((name) => join(folder, name))
    .filter((path) => !listed.has(path));
}

function requireAll(folder: string, { tables, journals }: CatalogContent): void {
  const names = new Set(readdirSync(folder).map((name) => join(folder, name)));
  const paths = [
    ...tables.map(({ number }) => tablePath(folder, number)),
    ...journals.map(({ number }) => journalPath(folder, number)),
  ];
  for (const path of paths)
    if (!names.has(path)) throw new DamagedFileError(path, 'the catalog lists it, but it is missing');
}

/**
 * No commit depends on the books: if they are damaged, they begin anew, and that is reported.
 * @throws DiskError: the next start may find them whole
 */
function loadBooks(
  folder: string,
  { books: number }: CatalogContent,
  { rejectionsMax }: StoreOptions,
  onDamage: ReportDamage,
): BooksState {
  const books = new BooksState(rejectionsMax);
  if (number === undefined) return books;
  const path = booksPath(folder, number);
  try {
    books.restore(readCheckedFile(path).bytes);
    return books;
  } catch (error) {
    if (error instanceof DiskError && error.code !== 'ENOENT') throw error;
    onDamage(undefined, path, (error as Error).message);
    return new BooksState(rejectionsMax);
  }
}

function replay(folder: string, content: CatalogContent, commits: RowCommits, books: BooksState): number {
  let next = content.journals[0]?.first ?? 1;
  for (const file of content.journals) {
    const path = journalPath(folder, file.number);
    if (file.first !== next)
      throw new DamagedFileError(path, `it begins with record ${file.first}, but record ${next} is missing`);
    for (const { number, kind, bytes } of journalEntries(path, content.folder, file)) {
      next = number + 1;
      if (kind === KIND.books) books.apply(JSON.parse(bytes.toString()) as BooksEntry);
      else if (kind === KIND.buckets) for (const bucket of decodeBuckets(bytes)) commits.addBucket(bucket);
      else {
        const { nowMs, rowsByLab, rejections } = decodeBatch(bytes);
        const result = emptyCommitResult();
        const failed: { batch: Batch; cause: unknown } = { batch: new Batch(), cause: undefined };
        commits.apply(commits.prepare(rowsByLab, nowMs, failed), result);
        if (!failed.batch.isEmpty) throw failed.cause;
        books.count(result, nowMs);
        books.list(rejections);
      }
    }
  }
  return next;
}
