import { crc32 } from 'node:zlib';
import { DamagedFileError } from '../files/disk-error.js';
import { closeFile, type OpenFile, openForReading, readFully, sizeOf } from '../files/files.js';
import { END, FRAME_BYTES, FRAME_MAGIC, type Frame, framedLength, frameOf, KIND } from './journal-frame.js';

/** A journal file as the catalog lists it. */
export interface JournalFile {
  readonly number: number;
  /** Number of its first record. */
  readonly first: number;
  /** Number of its last record; undefined: it was being written, and ends where it was cut off. */
  readonly last?: number;
}

export interface JournalEntry {
  readonly number: number;
  readonly kind: number;
  readonly bytes: Buffer;
}

/** The smallest part of a file that a disk writes as a whole. */
const SECTOR_BYTES = 512;
const SEARCHED_BYTES = 2 ** 20;

/**
 * The records of a journal file, in order. A file that was being written ends with the last record that is whole; what
 * was cut off behind it was never acknowledged.
 * @throws DamagedFileError where a record that was whole once is not any more; DiskError
 */
export function* journalEntries(path: string, folder: number, listed: JournalFile): Generator<JournalEntry> {
  const file = openForReading(path);
  try {
    const size = sizeOf(file);
    let position = 0;
    let expected = listed.first - 1;
    let fileBytes = 0;
    const requireUncut = () => {
      if (size < fileBytes) throw new DamagedFileError(path, `it has ${size} bytes, but it had ${fileBytes}`);
    };
    for (;;) {
      const wanted = expected < listed.first ? 'its first frame' : `record ${expected}`;
      // Of the last record, what fills it up may have been cut off: then the file ends before the next one could begin.
      const header = readFully(file, position, Math.max(0, Math.min(FRAME_BYTES, size - position)));
      const frame = frameOf(header);
      if (frame === undefined) {
        requireUncut();
        if (
          listed.last !== undefined ||
          position === 0 ||
          !isCutOff(header) ||
          hasFrameBehind(file, position + FRAME_BYTES, size)
        )
          throw new DamagedFileError(path, `${wanted} at byte ${position} cannot be read`);
        return;
      }
      if (frame.folder !== folder || frame.file !== listed.number)
        throw new DamagedFileError(path, 'it is the journal of another folder, or another file of this one');
      const isStart = frame.kind === KIND.start;
      if (isStart !== position < FRAME_BYTES || (!isStart && frame.number !== expected))
        throw new DamagedFileError(
          path,
          `${wanted} is expected at byte ${position}, not record ${frame.number}`,
        );
      const bytes = recordOf(file, position, size, frame);
      if (bytes === undefined) {
        requireUncut();
        const behind = position + framedLength(frame.length);
        if (
          listed.last !== undefined ||
          !isTorn(file, position, size, frame) ||
          hasFrameBehind(file, behind, size)
        )
          throw new DamagedFileError(path, `the checksum of ${wanted} at byte ${position} is wrong`);
        return;
      }
      if (!isStart) yield { number: frame.number, kind: frame.kind, bytes };
      fileBytes = frame.fileBytes;
      expected += 1;
      position += framedLength(frame.length);
      if (listed.last !== undefined && expected > listed.last) return;
    }
  } finally {
    closeFile(file);
  }
}

/** Undefined: its checksum is wrong, or the file ends before. */
function recordOf(file: OpenFile, position: number, size: number, frame: Frame): Buffer | undefined {
  if (position + FRAME_BYTES + frame.length > size) return undefined;
  const bytes = readFully(file, position + FRAME_BYTES, frame.length);
  return crc32(bytes) === frame.checksum ? bytes : undefined;
}

/** Whether a header was not written, or not to its end. */
function isCutOff(header: Buffer): boolean {
  return header.length < FRAME_BYTES || header.readUInt32LE(FRAME_BYTES - 4) === 0;
}

/** Whether a record was not written to its end, or a sector of it never came to the disk: a record has none of zeros. */
function isTorn(file: OpenFile, position: number, size: number, frame: Frame): boolean {
  const length = framedLength(frame.length);
  if (position + length > size) return true;
  const bytes = readFully(file, position, length);
  if (bytes.readUInt32LE(FRAME_BYTES + frame.length) !== END) {
    if (bytes.subarray(FRAME_BYTES + frame.length).every((byte) => byte === 0)) return true;
  }
  const firstSector = Math.ceil(position / SECTOR_BYTES) * SECTOR_BYTES - position;
  for (let at = firstSector; at + SECTOR_BYTES <= FRAME_BYTES + frame.length; at += SECTOR_BYTES)
    if (bytes.subarray(at, at + SECTOR_BYTES).every((byte) => byte === 0)) return true;
  return false;
}

/** Whether a whole frame stands behind a place: then what stood there was whole, too, when that was written. */
function hasFrameBehind(file: OpenFile, from: number, size: number): boolean {
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(FRAME_MAGIC);
  for (let start = from; start < size; start += SEARCHED_BYTES) {
    const bytes = readFully(file, start, Math.min(SEARCHED_BYTES + FRAME_BYTES, size - start));
    for (let at = bytes.indexOf(magic); at >= 0 && at < SEARCHED_BYTES; at = bytes.indexOf(magic, at + 1))
      if (frameOf(bytes.subarray(at)) !== undefined) return true;
  }
  return false;
}
