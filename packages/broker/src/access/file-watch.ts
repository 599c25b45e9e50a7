import { stat } from 'node:fs/promises';

export interface WatchedFile {
  readonly path: string;
  /** Reads it. Never rejects. */
  readonly load: () => Promise<void>;
}

/**
 * Loads files again when they change. Each is looked at by its path, so that it makes no difference whether an editor
 * writes into the file or puts another in its place. A change is loaded once it was there, the same, at two looks in
 * succession: until then somebody may be writing. A file that is gone has changed, too.
 */
export class FileWatch {
  /** How each file was when it was last loaded. */
  readonly #loaded = new Map<WatchedFile, string>();
  /** How it was at the last look. */
  readonly #seen = new Map<WatchedFile, string>();
  #working: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly files: readonly WatchedFile[],
    private readonly everyMs: number,
  ) {}

  /** Notes how the files are, to be called before they are first read; then looks at them every so often. */
  async start(): Promise<void> {
    for (const file of this.files) this.#loaded.set(file, await stampOf(file.path));
    this.#lookLater();
  }

  /** Looks once. */
  look(): Promise<void> {
    return this.#oneAtATime(async () => {
      for (const file of this.files) {
        const stamp = await stampOf(file.path);
        if (stamp !== this.#loaded.get(file) && stamp === this.#seen.get(file)) await this.#load(file, stamp);
        this.#seen.set(file, stamp);
      }
    });
  }

  /** Loads all files, changed or not. */
  loadAll(): Promise<void> {
    return this.#oneAtATime(async () => {
      for (const file of this.files) await this.#load(file, await stampOf(file.path));
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

  async #load(file: WatchedFile, stamp: string): Promise<void> {
    await file.load();
    this.#loaded.set(file, stamp);
  }

  #oneAtATime(work: () => Promise<void>): Promise<void> {
    this.#working = this.#working.then(work);
    return this.#working;
  }
}

/** Another text after every change. */
async function stampOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}
