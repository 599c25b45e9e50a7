import { readRegularFile } from './regular-file.js';

/** A file that cannot be read or understood. The message names file, line and what was expected. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem';

  /** @param line counted from 1; undefined: the file as a whole. */
  constructor(
    readonly file: string,
    readonly line: number | undefined,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${file}${line === undefined ? '' : `, line ${line}`}: ${problem}`, options);
  }
}

/** What isspace() of C takes for white space; String.trim() takes more. */
const SPACES_BEFORE = /^[ \t\n\v\f\r]+/;
const SPACES_BEHIND = /[ \t\n\v\f\r]+$/;

/**
 * The text of a file, without a byte order mark.
 * @throws FileProblem if it cannot be read, or is longer than `bytesMax`.
 */
export async function readTextFile(file: string, bytesMax: number): Promise<string> {
  try {
    return (await readRegularFile(file, bytesMax)).toString('utf8').replace(/^\ufeff/, '');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new FileProblem(file, undefined, READ_FAILURES[code ?? ''] ?? message, { cause: error });
  }
}

/** Whether a file could not be read because there is none. */
export function isMissing(error: unknown): boolean {
  const cause = error instanceof FileProblem ? error.cause : error;
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
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

/** @throws FileProblem at a line with NUL, or with bytes that are no UTF-8. */
export function* significantLines(content: string, file: string): Generator<SignificantLine> {
  let number = 0;
  for (const line of content.split('\n')) {
    number++;
    const text = line.replace(SPACES_BEHIND, '');
    if (text === '' || text.startsWith('#')) continue;
    // The decoder puts U+FFFD in the place of what is not UTF-8.
    if (/[\0\ufffd]/.test(text)) throw new FileProblem(file, number, 'expected UTF-8 without NUL');
    yield { number, text };
  }
}

/** Without white space at both ends, as C and Mosquitto understand white space. */
export function trimmed(text: string): string {
  return text.replace(SPACES_BEFORE, '').replace(SPACES_BEHIND, '');
}
