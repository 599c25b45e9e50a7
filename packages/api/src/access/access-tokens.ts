import { timingSafeEqual } from 'node:crypto';
import { FileWatch, readTextFile } from '@humtemp/watched-files';
import type { Scope } from './scope.js';
import { parseTokenFile, type TokenEntry, tokenDigest } from './token-file.js';

export interface AccessTokensOptions {
  readonly file: string;
  /** Unix milliseconds. */
  readonly clock?: () => number;
  readonly lookEveryMs?: number;
  /** The file was read again. */
  readonly onReload?: (tokens: number) => void;
  /** It could not be read or understood: what was there before still counts. Once for each reason. */
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
  readonly #watch: FileWatch;
  readonly #clock: () => number;

  private constructor(readonly options: AccessTokensOptions) {
    const { file, clock, lookEveryMs, onError } = options;
    this.#clock = clock ?? Date.now;
    this.#watch = new FileWatch(
      [{ paths: [file], load: () => this.#load(), onError: (error) => onError?.(error) }],
      lookEveryMs ?? LOOK_EVERY_MS,
    );
  }

  /** @throws FileProblem */
  static async open(options: AccessTokensOptions): Promise<AccessTokens> {
    const tokens = new AccessTokens(options);
    // A change while it is read is seen.
    await tokens.#watch.start();
    try {
      tokens.#use(await readTokenFile(options.file));
    } catch (error) {
      tokens.close();
      throw error;
    }
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
  reload(): Promise<void> {
    return this.#watch.loadAll();
  }

  /** Looks whether the file has changed, as it is done every second. */
  look(): Promise<void> {
    return this.#watch.look();
  }

  /** Looks at the file no more. */
  close(): void {
    this.#watch.stop();
  }

  async #load(): Promise<void> {
    this.#use(await readTokenFile(this.options.file));
    this.options.onReload?.(this.#entries.length);
  }

  #use(entries: readonly TokenEntry[]): void {
    this.#entries = entries;
    this.#texts = new Set(entries.map((entry) => entry.text));
  }

  #isCurrent(entry: TokenEntry): boolean {
    return this.#clock() < entry.expiresMs && this.#texts.has(entry.text);
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

/** @throws FileProblem */
export async function readTokenFile(file: string): Promise<readonly TokenEntry[]> {
  return parseTokenFile(await readTextFile(file, FILE_BYTES_MAX), file);
}
