import { createHash } from 'node:crypto';
import { rfc3339ToMs } from '@humtemp/bucket-core';
import { FileProblem } from '@humtemp/watched-files';
import { EVERY_LAB, LabFilter } from './lab-filter.js';

/**
 * A token as its file has it, one a line:
 *
 *     NAME SHA256 [write] [labs=LAB,PREFIX*,…] [expires=RFC3339]
 *
 * SHA256 is that of the token, in hex: a token is 256 random bits, which nobody finds by trying, so it needs no slow
 * hash. Without `write` it may only read; without `labs` all labs; without `expires` for ever.
 */
export interface TokenEntry {
  readonly name: string;
  readonly digest: Buffer;
  readonly mayWrite: boolean;
  readonly labs: LabFilter;
  /** Unix milliseconds; Infinity: never. */
  readonly expiresMs: number;
  /** As it stands in the file. */
  readonly text: string;
}

export const TOKEN_NAME_PATTERN = /^[\w.@-]{1,64}$/;
export const TOKEN_NAME_EXPECTED = '1 to 64 characters of A-Z a-z 0-9 _ - . @';
const DIGEST_PATTERN = /^[0-9a-f]{64}$/i;

/** What the file has in place of a token. */
export function tokenDigest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/**
 * The tokens of a file. Blank lines and lines that start with # are skipped.
 * @throws FileProblem at the first line that is wrong; also where the last line does not end: it may be half of one,
 * and half a line may allow more than the whole.
 */
export function parseTokenFile(content: string, file: string): readonly TokenEntry[] {
  const entries: TokenEntry[] = [];
  const lines = content.split('\n');
  for (const [index, line] of lines.entries()) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    try {
      if (index === lines.length - 1) throw new RangeError('a line break at the end');
      const entry = parseEntry(text);
      for (const other of entries) {
        if (other.name === entry.name) throw new RangeError(`each name once; ${entry.name} has a line above`);
        if (other.digest.equals(entry.digest)) throw new RangeError(`another token than ${other.name} has`);
      }
      entries.push(entry);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new FileProblem(file, index + 1, `expected ${error.message}`);
    }
  }
  return entries;
}

/** @throws RangeError saying what was expected. */
function parseEntry(text: string): TokenEntry {
  const [name = '', digest = '', ...options] = text.split(/\s+/);
  if (!TOKEN_NAME_PATTERN.test(name)) throw new RangeError(`a name of ${TOKEN_NAME_EXPECTED}`);
  if (!DIGEST_PATTERN.test(digest))
    throw new RangeError('the SHA-256 of the token behind its name, 64 hex digits');
  let mayWrite: boolean | undefined;
  let labs: LabFilter | undefined;
  let expiresMs: number | undefined;
  for (const option of options) {
    if (option === 'write' && mayWrite === undefined) mayWrite = true;
    else if (option.startsWith('labs=') && labs === undefined) labs = parseLabs(option.slice(5));
    else if (option.startsWith('expires=') && expiresMs === undefined)
      expiresMs = parseExpiry(option.slice(8));
    else
      throw new RangeError(
        `write, labs=… or expires=…, each once, not ${JSON.stringify(option.slice(0, 100))}`,
      );
  }
  return {
    name,
    digest: Buffer.from(digest, 'hex'),
    mayWrite: mayWrite ?? false,
    labs: labs ?? EVERY_LAB,
    expiresMs: expiresMs ?? Number.POSITIVE_INFINITY,
    text,
  };
}

/** @throws RangeError saying what was expected. */
export function parseLabs(text: string): LabFilter {
  const labs = LabFilter.parse(text);
  if (labs === undefined) throw new RangeError('lab ids and prefixes such as floor-2/*, separated by commas');
  return labs;
}

/** Unix milliseconds. @throws RangeError saying what was expected. */
export function parseExpiry(text: string): number {
  const ms = rfc3339ToMs(text);
  if (ms === undefined) throw new RangeError('a time such as 2027-01-01T00:00:00Z');
  return ms;
}

/** What a token may do, besides its name. */
export type TokenRights = Pick<TokenEntry, 'mayWrite' | 'labs' | 'expiresMs'>;

/** The content with a token added; all other lines stay as they are. The name must not be there yet. */
export function withToken(content: string, name: string, token: string, rights: TokenRights): string {
  const { mayWrite, labs, expiresMs } = rights;
  const line = [
    name,
    tokenDigest(token).toString('hex'),
    ...(mayWrite ? ['write'] : []),
    ...(labs.isAll ? [] : [`labs=${labs}`]),
    ...(expiresMs === Number.POSITIVE_INFINITY ? [] : [`expires=${new Date(expiresMs).toISOString()}`]),
  ].join(' ');
  // A comment may stand at the end without a line break.
  const before = content === '' || content.endsWith('\n') ? content : `${content}\n`;
  return `${before}${line}\n`;
}

/** The content without a token; all other lines stay as they are. */
export function withoutToken(content: string, name: string): string {
  return content
    .split('\n')
    .filter((line) => line.trim().split(/\s+/)[0] !== name)
    .join('\n');
}
