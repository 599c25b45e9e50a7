import { timingSafeEqual } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Scope } from './scope.js';
import { parseTokenFile, type TokenEntry, TokenFileError, tokenDigest } from './token-file.js';

export interface AccessTokensOptions {
  readonly file: string;
  /** Unix milliseconds. */
  readonly clock?: () => number;
  readonly lookEveryMs?: number;
  /** The file was read again. */
  readonly onReload?: (tokens: number) => void;
  /** It was, and is not good: what was there before still counts. Once for each change of the file. */
  readonly onError?: (error: Error) => void;
}

const LOOK_EVERY_MS = 1000;
const FILE_BYTES_MAX = 1024 * 1024;

/**
 * The tokens of a file. It is read again when it has changed and was then the same at two looks in succession: until
 * then somebody may be writing.
 */
export class AccessTokens {
  #entries: readonly TokenEntry[] = [];
  #texts: ReadonlySet<string> = new Set();
  /** How the file was when it was last read, and at the last look. */
  #readStamp = '';
  #seenStamp = '';
  #timer: NodeJS.Timeout | undefined;
  readonly #clock: () => number;

  private constructor(readonly options: AccessTokensOptions) {
    this.#clock = options.clock ?? Date.now;
  }

  /** @throws TokenFileError */
  static async open(options: AccessTokensOptions): Promise<AccessTokens> {
    const tokens = new AccessTokens(options);
    tokens.#readStamp = await stampOf(options.file);
    tokens.#use(await readTokenFile(options.file));
    tokens.#lookLater();
    return tokens;
  }

  /** What a token allows; undefined if it is not in the file, or has expired. */
  scopeOf(token: string): Scope | undefined {
    const entry = entryOf(this.#entries, tokenDigest(token));
    if (entry === undefined || !this.#isCurrent(entry)) return undefined;
    const { name, mayWrite, labs } = entry;
    return {
      name,
      mayWrite,
      isAll: labs.isAll,
      labs: labs.items,
      allows: (lab) => labs.matches(lab),
      isCurrent: () => this.#isCurrent(entry),
    };
  }

  /** Reads the file now, changed or not. What is wrong with it goes to onError. */
  async reload(): Promise<void> {
    const { file, onReload, onError } = this.options;
    this.#readStamp = await stampOf(file);
    try {
      this.#use(await readTokenFile(file));
      onReload?.(this.#entries.length);
    } catch (error) {
      onError?.(error as Error);
    }
  }

  /** Looks whether the file has changed, as it is done every second. */
  async look(): Promise<void> {
    const stamp = await stampOf(this.options.file);
    if (stamp !== this.#readStamp && stamp === this.#seenStamp) await this.reload();
    this.#seenStamp = stamp;
  }

  /** Looks at the file no more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #use(entries: readonly TokenEntry[]): void {
    this.#entries = entries;
    this.#texts = new Set(entries.map((entry) => entry.text));
  }

  #isCurrent(entry: TokenEntry): boolean {
    return this.#clock() < entry.expiresMs && this.#texts.has(entry.text);
  }

  #lookLater(): void {
    this.#timer = setTimeout(async () => {
      await this.look();
      if (this.#timer !== undefined) this.#lookLater();
    }, this.options.lookEveryMs ?? LOOK_EVERY_MS).unref();
  }
}

/**
 * The entry with this digest. How long it takes tells nothing: digests are compared, of which a caller cannot choose
 * the first bytes, each in constant time, and every one of them, also behind the one that is equal.
 */
export function entryOf<T extends { readonly digest: Buffer }>(
  entries: readonly T[],
  digest: Buffer,
  areEqual: (a: Buffer, b: Buffer) => boolean = timingSafeEqual,
): T | undefined {
  let found: T | undefined;
  for (const entry of entries) if (areEqual(entry.digest, digest)) found = entry;
  return found;
}

/** @throws TokenFileError */
export async function readTokenFile(file: string): Promise<readonly TokenEntry[]> {
  let content: string;
  try {
    const { size } = await stat(file);
    if (size > FILE_BYTES_MAX) throw new RangeError(`expected at most ${FILE_BYTES_MAX} bytes, not ${size}`);
    content = await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new TokenFileError(file, undefined, READ_FAILURES[code ?? ''] ?? message, { cause: error });
  }
  return parseTokenFile(content, file);
}

const READ_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'expected a file, not a folder',
  ENOTDIR: 'a part of the path is not a folder',
};

/** Another text after every change, also where another file was put in its place. */
async function stampOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(file, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}
