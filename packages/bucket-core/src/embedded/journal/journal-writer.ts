import { dirname } from 'node:path';
import {
  closeFile,
  createFile,
  type FileIdentity,
  type OpenFile,
  syncFolder,
  writeFully,
} from '../files/files.js';
import { FRAME_BYTES, framedLength, KIND, seal } from './journal-frame.js';

/**
 * Zeros written ahead of the records: a write that changes neither length nor blocks of a file is faster. The more is
 * written, the more zeros at a time.
 */
const AHEAD_BYTES = { min: 2 ** 16, max: 2 ** 20 } as const;
/** Room for a record that is kept between two. */
const ROOM_BYTES_KEPT = 2 ** 20;

/**
 * One journal file that is being written:
 *
 *     open ──a write fails──▶ broken: nobody knows what of the last record is on the disk; another file takes over
 *
 * A record is on the disk when `append` resolves.
 */
export class JournalWriter {
  /** Where the next record begins. */
  #end = 0;
  /** Up to where there are zeros. */
  #zeroedTo = 0;
  #zeroing: Promise<void> = Promise.resolve();
  /** Bytes that the file has for certain. */
  #fileBytes = 0;
  #isZeroing = false;
  #aheadBytes: number = AHEAD_BYTES.min;
  #isBroken = false;
  #room = Buffer.alloc(0);

  private constructor(
    readonly file: OpenFile,
    readonly folder: number,
    readonly number: number,
  ) {}

  /** A new file, with its name and first frame on the disk. @throws DiskError */
  static async create(path: string, folder: number, number: number): Promise<JournalWriter> {
    const file = createFile(path, true);
    const writer = new JournalWriter(file, folder, number);
    try {
      writer.#zeroAhead();
      await writer.#zeroing;
      await writer.append(KIND.start, 0, 0, () => {});
      await syncFolder(dirname(path));
    } catch (error) {
      closeFile(file);
      throw error;
    }
    return writer;
  }

  get bytes(): number {
    return this.#end;
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  get identity(): FileIdentity & { readonly path: string } {
    return this.file;
  }

  /**
   * Writes one record; `encode` puts it into the bytes that it is given.
   * @throws DiskError; then the file is broken.
   */
  async append(
    kind: number,
    number: number,
    recordBytes: number,
    encode: (bytes: Buffer) => void,
  ): Promise<void> {
    if (this.#isBroken) throw new Error(`${this.file.path} is broken`);
    const { folder, number: file } = this;
    const length = framedLength(recordBytes);
    const bytes = this.#roomFor(length);
    encode(bytes.subarray(FRAME_BYTES, FRAME_BYTES + recordBytes));
    seal(bytes, { folder, file, number, kind, fileBytes: this.#fileBytes }, recordBytes);
    try {
      // What is being zeroed must not be in the way of the record.
      if (this.#isZeroing && this.#end + length > this.#zeroedTo) await this.#zeroing;
      await writeFully(this.file, bytes, this.#end);
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
    this.#end += length;
    if (!this.#isZeroing && this.#end + this.#aheadBytes / 2 > this.#zeroedTo) this.#zeroAhead();
  }

  async close(): Promise<void> {
    await this.#zeroing;
    closeFile(this.file);
  }

  #roomFor(length: number): Buffer {
    if (this.#room.length < length) {
      const room = Buffer.allocUnsafeSlow(Math.max(length, 4096));
      if (length <= ROOM_BYTES_KEPT) this.#room = room;
      return room.subarray(0, length);
    }
    return this.#room.subarray(0, length);
  }

  #zeroAhead(): void {
    const from = Math.max(this.#end, this.#zeroedTo);
    const bytes = this.#aheadBytes;
    this.#isZeroing = true;
    this.#zeroing = writeFully(this.file, Buffer.alloc(bytes), from)
      .then(() => {
        this.#zeroedTo = from + bytes;
        this.#fileBytes = this.#zeroedTo;
        this.#aheadBytes = Math.min(2 * bytes, AHEAD_BYTES.max);
      })
      // Without zeros, the next record makes the file longer; if that fails, it is the one to report it.
      .catch(() => {
        this.#zeroedTo = Number.POSITIVE_INFINITY;
      })
      .finally(() => {
        this.#isZeroing = false;
      });
  }
}
