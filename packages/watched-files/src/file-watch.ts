import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

/** Files that are read together; most often it is one. */
export interface WatchedFiles {
  readonly paths: readonly string[];
  /** Reads them and uses what they say. Rejects if that is not possible; what was in use stays in use. */
  readonly load: () => Promise<void>;
  /** Called when a load failed: once for each reason, until a load succeeds. */
  readonly onError: (error: Error) => void;
}

/** What the watch knows of files that are read together. */
interface Known {
  /** How they were when they were last loaded; undefined: that load failed, so they must be loaded again. */
  loaded: string | undefined;
  /** How they were at the last look. */
  seen: string | undefined;
  /** How they were when a load failed. */
  failed: string | undefined;
  /** Loads that failed in succession, and how many looks to wait before the next. */
  failures: number;
  looksToWait: number;
  /** What was reported last. */
  problem: string | undefined;
}

const UNKNOWN: Known = {
  loaded: undefined,
  seen: undefined,
  failed: undefined,
  failures: 0,
  looksToWait: 0,
  problem: undefined,
};

/** The content of a longer file is not compared at each look: its size and times say enough. */
const COMPARED_BYTES_MAX = 1024 * 1024;
/** A file that cannot be loaded is tried after 1, 2, 4, … looks, at most this many. */
const LOOKS_TO_WAIT_MAX = 32;
/**
 * These say something of the file. Every other failure says that nobody could look, and nothing of the file.
 */
const FAILURES_OF_THE_FILE = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EISDIR', 'ELOOP', 'ENAMETOOLONG'];

/**
 * Loads files again when they change. Each is looked at by its path, so that it makes no difference whether
 * an editor writes into the file or puts another in its place. Its content is compared too: a file may change
 * twice between two ticks of the file system's clock. A change is loaded once the file was the same at two
 * looks in succession: until then somebody may be writing. A file that is gone has changed, too.
 *
 *     in force ──changed──▶ seen once ──the same again──▶ loading ──read──▶ in force
 *                                                          ▲  │ failed
 *                                                          └──┘ after 1, 2, 4, … looks, or a change
 *
 * A look that failed (no file descriptors left, an I/O error) is not taken for a look: the next one decides.
 */
export class FileWatch {
  readonly #known = new Map<WatchedFiles, Known>();
  #working: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    files: readonly WatchedFiles[],
    private readonly everyMs: number,
  ) {
    for (const each of files) this.#known.set(each, { ...UNKNOWN });
  }

  /** Notes how the files are, to be called before they are first read; then looks at them every so often. */
  async start(): Promise<void> {
    for (const [files, known] of this.#known) known.loaded = await stampOf(files).catch(() => undefined);
    this.#lookLater();
  }

  /** Looks once. */
  look(): Promise<void> {
    return this.#oneAtATime(async () => {
      for (const [files, known] of this.#known) await this.#lookAt(files, known);
    });
  }

  /** Loads all files, changed or not. */
  loadAll(): Promise<void> {
    return this.#oneAtATime(async () => {
      for (const [files, known] of this.#known) await this.#load(files, known);
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #lookLater(): void {
    this.#timer = setTimeout(async () => {
      await this.look();
      if (this.#timer !== undefined) this.#lookLater();
    }, this.everyMs);
    this.#timer.unref();
  }

  async #lookAt(files: WatchedFiles, known: Known): Promise<void> {
    let stamp: string;
    try {
      stamp = await stampOf(files);
    } catch (error) {
      this.#report(files, known, error as Error);
      return;
    }
    const isSettled = stamp === known.seen;
    known.seen = stamp;
    if (stamp === known.loaded || !isSettled) return;
    if (stamp === known.failed && known.looksToWait > 0) known.looksToWait -= 1;
    else await this.#load(files, known);
  }

  async #load(files: WatchedFiles, known: Known): Promise<void> {
    let stamp: string | undefined;
    try {
      // Before they are read: a change meanwhile is seen at the next look.
      stamp = await stampOf(files);
      await files.load();
      Object.assign(known, { ...UNKNOWN, loaded: stamp, seen: known.seen });
    } catch (error) {
      known.loaded = undefined;
      known.failures = stamp === known.failed ? known.failures + 1 : 0;
      known.failed = stamp;
      known.looksToWait = Math.min(2 ** known.failures, LOOKS_TO_WAIT_MAX) - 1;
      this.#report(files, known, error as Error);
    }
  }

  #report(files: WatchedFiles, known: Known, error: Error): void {
    if (known.problem === error.message) return;
    known.problem = error.message;
    files.onError(error);
  }

  #oneAtATime(work: () => Promise<void>): Promise<void> {
    this.#working = this.#working.then(work);
    return this.#working;
  }
}

/** Another text after every change. @throws if nobody can say how the files are. */
async function stampOf({ paths }: WatchedFiles): Promise<string> {
  const stamps: string[] = [];
  for (const path of paths) stamps.push(await stampOfOne(path));
  return stamps.join(', ');
}

async function stampOfOne(path: string): Promise<string> {
  try {
    const stats = await stat(path, { bigint: true });
    const { dev, ino, size, mtimeNs, ctimeNs } = stats;
    const stamp = `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    // Reading a pipe would wait for ever, and a device may never end.
    if (!stats.isFile() || size > COMPARED_BYTES_MAX) return stamp;
    const content = await readFile(path);
    return `${stamp} ${createHash('sha256').update(content).digest('base64')}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined && FAILURES_OF_THE_FILE.includes(code)) return code;
    throw error;
  }
}
