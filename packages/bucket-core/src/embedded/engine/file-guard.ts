import { statSync } from 'node:fs';
import { booksPath, journalPath } from '../catalog.js';
import type { FileIdentity } from '../files/files.js';
import type { LabBuckets } from '../labs/lab-buckets.js';
import type { CatalogKeeper } from './catalog-keeper.js';
import type { JournalKeeper } from './journal-keeper.js';

/** The first file of an open store that is not under its name any more; undefined: all are. */
export function fileThatChanged(
  { folder, path, identity, content }: CatalogKeeper,
  { writer }: JournalKeeper,
  { tables }: LabBuckets,
): string | undefined {
  if (isGone(folder)) return folder;
  // While it is being replaced, nobody knows.
  if (identity === undefined) return undefined;
  if (isAnother(path, identity)) return path;
  const table = tables.tables.find(({ file }) => isAnother(file.path, file));
  if (table !== undefined) return table.file.path;
  if (writer !== undefined && isAnother(writer.file.path, writer.file)) return writer.file.path;
  const others = content.journals.map(({ number }) => journalPath(folder, number));
  if (content.books !== undefined) others.push(booksPath(folder, content.books));
  return others.find(isGone);
}

function isAnother(path: string, { dev, ino }: FileIdentity): boolean {
  const found = identityUnder(path);
  return found === 'gone' || (found !== undefined && (found.dev !== dev || found.ino !== ino));
}

function isGone(path: string): boolean {
  return identityUnder(path) === 'gone';
}

/** Undefined: the disk does not say. */
function identityUnder(path: string): FileIdentity | 'gone' | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'gone' : undefined;
  }
}
