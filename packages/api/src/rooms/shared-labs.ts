import type { Books } from '@humtemp/bucket-core';
import { type LabDirectory, NO_DIRECTORY } from './lab-directory.js';
import { labDirectoryOf } from './labs-csv.js';
import type { LabDirectories, LabsFile } from './labs-file.js';

export interface SharedLabsOptions {
  readonly store: Pick<Books, 'share' | 'shared'>;
  /** The file of this process; undefined: it takes what another one shares. */
  readonly file: LabsFile | undefined;
  readonly everyMs?: number;
  /** What another process shares has changed. */
  readonly onReload?: (labs: number) => void;
  /** What another process shares is not understood: what was there before still counts. */
  readonly onError?: (error: Error) => void;
}

const NAME = 'labs';
const EVERY_MS = 5000;
/** A text that has not changed is shared again after so long, so that it does not expire. */
const SHARED_AGAIN_MS = 3_600_000;

/**
 * The directory of labs in all processes of one store: whoever has the file shares it, the others look every few seconds. A
 * store that is out of reach changes nothing.
 */
export class SharedLabs implements LabDirectories {
  #current = NO_DIRECTORY;
  /** Of the text that was taken, or could not be. */
  #version: string | undefined;
  #sharedText: string | undefined;
  #sharedAtMs = Number.NEGATIVE_INFINITY;
  #isExchanging = false;
  readonly #timer: NodeJS.Timeout;

  constructor(readonly options: SharedLabsOptions) {
    this.#timer = setInterval(() => void this.exchange(), options.everyMs ?? EVERY_MS).unref();
  }

  get current(): LabDirectory {
    return this.options.file?.current ?? this.#current;
  }

  /** Shares the file, or looks what another process shares. */
  async exchange(): Promise<void> {
    if (this.#isExchanging) return;
    this.#isExchanging = true;
    try {
      await (this.options.file === undefined ? this.#take() : this.#share(this.options.file.text));
    } catch {
      // The store is out of reach, which others report.
    } finally {
      this.#isExchanging = false;
    }
  }

  /** Reads the file of this process again, if it has one. */
  async reload(): Promise<void> {
    await this.options.file?.reload();
    await this.exchange();
  }

  close(): void {
    clearInterval(this.#timer);
    this.options.file?.close();
  }

  async #share(text: string): Promise<void> {
    const nowMs = performance.now();
    if (text === this.#sharedText && nowMs - this.#sharedAtMs < SHARED_AGAIN_MS) return;
    await this.options.store.share(NAME, text);
    this.#sharedText = text;
    this.#sharedAtMs = nowMs;
  }

  async #take(): Promise<void> {
    const shared = await this.options.store.shared(NAME, this.#version);
    if (shared === 'unchanged' || (shared === undefined && this.#version === undefined)) return;
    this.#version = shared?.version;
    try {
      this.#current =
        shared === undefined
          ? NO_DIRECTORY
          : await labDirectoryOf(shared.text, 'the labs file of another process');
      this.options.onReload?.(this.#current.size);
    } catch (error) {
      this.options.onError?.(error as Error);
    }
  }
}
