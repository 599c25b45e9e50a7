import { booksPath, journalPath } from '../catalog.js';
import { type FileIdentity, identityUnder } from '../files/files.js';
import type { LabBuckets } from '../labs/lab-buckets.js';
import type { CatalogKeeper } from './catalog-keeper.js';
import type { JournalKeeper } from './journal-keeper.js';

/** The first file of an open store that is not under its name any more; undefined: all are. */
export function fileThatChanged(
  { folder, path, identity, content }: CatalogKeeper,
  journal: JournalKeeper,
  { tables }: LabBuckets,
): string | undefined {
  if (isGone(folder)) return folder;
  // While it is being replaced, nobody knows.
  if (identity === undefined) return undefined;
  if (isAnother(path, identity)) return path;
  const table = tables.tables.find(({ file }) => isAnother(file.path, file));
  if (table !== undefined) return table.file.path;
  for (const { number } of content.journals) {
    const known = journal.identityOf(number);
    const one = journalPath(folder, number);
    if (known === undefined ? isGone(one) : isAnother(one, known)) return one;
  }
  if (content.books === undefined) return undefined;
  const books = booksPath(folder, content.books);
  return isGone(books) ? books : undefined;
}

function isAnother(path: string, { dev, ino }: FileIdentity): boolean {
  const found = identityUnder(path);
  return found === 'gone' || (found !== undefined && (found.dev !== dev || found.ino !== ino));
}

function isGone(path: string): boolean {
  return identityUnder(path) === 'gone';
}
