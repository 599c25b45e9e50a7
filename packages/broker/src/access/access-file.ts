import { readFile, stat } from 'node:fs/promises';
import { AccessFileError } from './access-file-error.js';

const FILE_BYTES_MAX = 16 * 1024 * 1024;
/** What isspace() of C takes for white space; String.trim() takes more. */
const SPACES_BEFORE = /^[ \t\n\v\f\r]+/;
const SPACES_BEHIND = /[ \t\n\v\f\r]+$/;

/**
 * The text of a file, without a byte order mark.
 * @throws AccessFileError if it cannot be read, or is longer than 16 MiB.
 */
export async function readAccessFile(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > FILE_BYTES_MAX) throw new RangeError(`expected at most ${FILE_BYTES_MAX} bytes, not ${size}`);
    return (await readFile(file, 'utf8')).replace(/^\ufeff/, '');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new AccessFileError(file, undefined, READ_FAILURES[code ?? ''] ?? message, { cause: error });
  }
}

const READ_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'expected a file, not a folder',
  ENOTDIR: 'a part of the path is not a folder',
};

/** A line that is neither blank nor a comment (# as its first character). */
export interface SignificantLine {
  /** Counted from 1. */
  readonly number: number;
  /** Without white space at its end. */
  readonly text: string;
}

/** @throws AccessFileError at a line with bytes that no username or topic has. */
export function* significantLines(content: string, file: string): Generator<SignificantLine> {
  let number = 0;
  for (const line of content.split('\n')) {
    number++;
    const text = line.replace(SPACES_BEHIND, '');
    if (text === '' || text.startsWith('#')) continue;
    // The decoder puts U+FFFD in the place of what is not UTF-8.
    if (/[\0\ufffd]/.test(text)) throw new AccessFileError(file, number, 'expected UTF-8 without NUL');
    yield { number, text };
  }
}

/** Without white space at both ends, as Mosquitto understands white space. */
export function trimmed(text: string): string {
  return text.replace(SPACES_BEFORE, '').replace(SPACES_BEHIND, '');
}
