import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readCheckedFile, writeCheckedFile } from './files/checked-file.js';
import type { FileIdentity } from './files/files.js';
import type { JournalFile } from './journal/journal-reader.js';
import type { StoredConfiguration } from './stored-configuration.js';

/**
 * What belongs to a data folder. All other files in it are left over from something that did not come to its end.
 *
 *     tables    what was saved          + journals   what was committed since, in order
 *     books     rejections, ledgers, sessions and counts as of when the first of these journals begins
 */
export interface CatalogContent {
  readonly format: 3;
  /** A random number that all its files share. */
  readonly folder: number;
  /** Above all numbers of files that were ever listed. */
  readonly nextFile: number;
  readonly configuration: StoredConfiguration;
  readonly tables: readonly TableFile[];
  readonly journals: readonly JournalFile[];
  /** Number of the file of the books, if there is one. */
  readonly books?: number;
}

export interface TableFile {
  readonly number: number;
  readonly bytes: number;
}

const FORMAT = 3;

export const catalogPath = (folder: string) => join(folder, 'catalog');
export const journalPath = (folder: string, number: number) => join(folder, `journal-${number}`);
export const tablePath = (folder: string, number: number) => join(folder, `table-${number}`);
export const booksPath = (folder: string, number: number) => join(folder, `books-${number}`);
/** Names of files that the store makes. */
export const OWN_FILE = /^(?:catalog|(?:journal|table|books)-\d+(?:\.new)?|catalog\.new)$/;

/** The folder holds data in a format that this version does not know. */
export class FolderFormatError extends Error {
  override readonly name = 'FolderFormatError';

  constructor(
    readonly folder: string,
    what = 'data of another version of humtemp, which this one cannot read: move it away, or use that version',
  ) {
    super(`${folder} holds ${what}`);
  }
}

/**
 * Undefined: the folder has none.
 * @throws DamagedFileError; FolderFormatError; DiskError
 */
export function readCatalog(
  folder: string,
): { readonly identity: FileIdentity; readonly content: CatalogContent } | undefined {
  const path = catalogPath(folder);
  if (!existsSync(path)) return undefined;
  const { format, bytes, ...identity } = readCheckedFile(path);
  if (format !== FORMAT) throw new FolderFormatError(folder);
  return { identity, content: JSON.parse(bytes.toString()) as CatalogContent };
}

/** What a folder was last written under; undefined: there is nothing. @throws as readCatalog */
export function storedConfiguration(
  folder: string,
): Pick<StoredConfiguration, 'grid' | 'deduplicationHorizonS'> | undefined {
  const configuration = readCatalog(folder)?.content.configuration;
  if (configuration === undefined) return undefined;
  const { grid, deduplicationHorizonS } = configuration;
  return { grid, deduplicationHorizonS };
}

/** On the disk when it resolves. @throws DiskError, and then it may be the old one or the new one. */
export function writeCatalog(folder: string, content: CatalogContent): Promise<FileIdentity> {
  return writeCheckedFile(catalogPath(folder), 'catalog', FORMAT, Buffer.from(JSON.stringify(content)));
}
