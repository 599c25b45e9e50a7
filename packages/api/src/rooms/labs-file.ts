import { FileWatch, readTextFile } from '@humtemp/watched-files';
import { LabDirectory } from './lab-directory.js';
import { labDirectoryOf } from './labs-csv.js';

const BYTES_MAX = 32 * 1024 * 1024;
const LOOK_EVERY_MS = 1000;

export interface LabsFileOptions {
  readonly file: string;
  readonly lookEveryMs?: number;
  /** The file was read again. */
  readonly onReload?: (labs: number) => void;
  /** It could not be read or understood: what was there before still counts. Once for each reason. */
  readonly onError?: (error: Error) => void;
}

/** Gives what is known of labs now. Each answer is made with one directory from its beginning to its end. */
export interface LabDirectories {
  readonly current: LabDirectory;
}

/** The directory of labs in a file, read again when it changes. */
export class LabsFile implements LabDirectories {
  #read: ReadFile = { text: '', directory: new LabDirectory([]) };
  readonly #watch: FileWatch;

  private constructor(readonly options: LabsFileOptions) {
    this.#watch = new FileWatch(
      [{ paths: [options.file], load: () => this.#load(), onError: (error) => options.onError?.(error) }],
      options.lookEveryMs ?? LOOK_EVERY_MS,
    );
  }

  /** @throws FileProblem */
  static async open(options: LabsFileOptions): Promise<LabsFile> {
    const file = new LabsFile(options);
    // A change while it is read is seen.
    await file.#watch.start();
    try {
      file.#read = await read(options.file);
    } catch (error) {
      file.close();
      throw error;
    }
    return file;
  }

  get current(): LabDirectory {
    return this.#read.directory;
  }

  /** What the file says, as it was read. */
  get text(): string {
    return this.#read.text;
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
    this.#read = await read(this.options.file);
    this.options.onReload?.(this.current.size);
  }
}

interface ReadFile {
  readonly text: string;
  readonly directory: LabDirectory;
}

async function read(file: string): Promise<ReadFile> {
  const text = await readTextFile(file, BYTES_MAX);
  return { text, directory: await labDirectoryOf(text, file) };
}
