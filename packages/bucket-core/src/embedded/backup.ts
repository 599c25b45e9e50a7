import { createReadStream, createWriteStream, existsSync, readdirSync, statSync } from 'node:fs';
import { copyFile, truncate } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import {
  booksPath,
  type CatalogContent,
  FolderFormatError,
  journalPath,
  readCatalog,
  tablePath,
  writeCatalog,
} from './catalog.js';
import { catalogOf, loadFolder } from './engine/load-folder.js';
import { DamagedFileError, DiskError } from './files/disk-error.js';
import {
  closeFile,
  FILE_MODE,
  openForReading,
  removeUnneeded,
  sizeOf,
  syncFile,
  syncFolder,
} from './files/files.js';
import { makeFolder } from './files/make-folder.js';
import { framedLength } from './journal/journal-frame.js';
import { type JournalFile, journalEntries } from './journal/journal-reader.js';
import { BlockCache } from './tables/block-cache.js';
import type { Table } from './tables/table.js';

/** What was copied. */
export interface Backup {
  readonly files: number;
  readonly bytes: number;
  /** Labs in the copy. */
  readonly labs: number;
}

/** A busy process saves and merges while files are copied: then the copy begins anew, so many times. */
const ATTEMPTS_MAX = 20;

/**
 * Copies a data folder, also while a process writes to it:
 *
 *     catalog ──▶ the tables, journals and books that it lists ──▶ the catalog of the copy
 *        ▲                 │ one is gone: saved or merged since
 *        └─────────────────┘
 *
 * Tables never change. The journal file that is being written is copied up to its last whole record: whatever was acknowledged
 * before this was called is in the copy. Without its catalog, which comes last, a copy is refused by a start. In the end the
 * copy is read as a start would, and every block is compared with its checksum.
 * @param to a folder that is empty or missing
 * @throws Error that says what is in the way; DamagedFileError, of the folder or of the copy; DiskError
 */
export async function backUp(folder: string, to: string): Promise<Backup> {
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new Error(`${to} is not empty: a backup goes into a folder of its own`);
  makeFolder(to);
  for (let attempt = 1; ; attempt++) {
    const content = readCatalog(folder)?.content;
    if (content === undefined) throw new FolderFormatError(folder, 'no data of humtemp');
    const copied: string[] = [];
    try {
      await copyListed(folder, to, content, copied);
      await syncFolder(to);
      await writeCatalog(to, content);
      const bytes = copied.reduce((sum, path) => sum + statSync(path).size, 0);
      return { labs: checked(to), files: copied.length + 1, bytes };
    } catch (error) {
      for (const path of copied) await removeUnneeded(path);
      if (!isGone(error) || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

async function copyListed(
  folder: string,
  to: string,
  { tables, journals, books, folder: name }: CatalogContent,
  copied: string[],
): Promise<void> {
  const copy = async (pathIn: (folder: string) => string) => {
    copied.push(pathIn(to));
    await copyFile(pathIn(folder), pathIn(to));
    await onDisk(pathIn(to));
  };
  // Journals first: a checkpoint removes them soonest.
  for (const journal of journals) {
    const target = journalPath(to, journal.number);
    copied.push(target);
    await copyJournal(journalPath(folder, journal.number), target, name, journal);
    await onDisk(target);
  }
  if (books !== undefined) await copy((of) => booksPath(of, books));
  for (const { number } of tables) await copy((of) => tablePath(of, number));
}

/** Copies the records that are whole. Behind them stand zeros, as far as the file had any. */
async function copyJournal(path: string, to: string, folder: number, listed: JournalFile): Promise<void> {
  const file = openForReading(path);
  const size = sizeOf(file);
  closeFile(file);
  const end = wholeBytes(path, folder, listed);
  const target = createWriteStream(to, { mode: FILE_MODE });
  await pipeline(createReadStream(path, { end: end - 1 }), target);
  await truncate(to, Math.max(size, end));
}

/** Bytes up to the end of the last whole record. @throws DamagedFileError; DiskError */
function wholeBytes(path: string, folder: number, listed: JournalFile): number {
  for (let attempt = 1; ; attempt++) {
    let end = framedLength(0);
    try {
      for (const { bytes } of journalEntries(path, folder, listed)) end += framedLength(bytes.length);
      return end;
    } catch (error) {
      // A record that comes between two reads looks like damage. What is damaged is so each time.
      if (!(error instanceof DamagedFileError) || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

/** Reads the copy as a start does. @returns how many labs it has @throws DamagedFileError */
function checked(to: string): number {
  const catalog = catalogOf(to, NO_OPTIONS);
  const { configuration } = catalog.content;
  const cache = new BlockCache(0);
  const damage = (_lab: string | undefined, place: string, reason: string) => {
    throw new DamagedFileError(place, reason);
  };
  const { labs } = loadFolder(to, catalog, { ...NO_OPTIONS, ...configuration }, cache, damage);
  try {
    for (const table of labs.tables.tables) checkBlocks(table);
    return labs.count;
  } finally {
    labs.tables.close();
  }
}

function checkBlocks(table: Table): void {
  for (const section of table.sections)
    for (let i = 0; i < section.offsets.length; i++)
      if (table.block(section, i, false) === undefined)
        throw new DamagedFileError(
          table.file.path,
          `the checksum of the block at byte ${section.offsets[i]} is wrong`,
        );
}

async function onDisk(path: string): Promise<void> {
  const file = openForReading(path);
  try {
    await syncFile(file);
  } finally {
    closeFile(file);
  }
}

function isGone(error: unknown): boolean {
  return (error instanceof DiskError ? error.code : (error as NodeJS.ErrnoException).code) === 'ENOENT';
}

const NO_OPTIONS = {
  grid: { alignmentS: 0, resolutions: [{ durationS: 86_400, retention: 1 }] },
  deduplicationHorizonS: 0,
  labsMax: Number.POSITIVE_INFINITY,
  rejectionsMax: Number.MAX_SAFE_INTEGER,
};
