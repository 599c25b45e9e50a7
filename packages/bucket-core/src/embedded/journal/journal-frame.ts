import { crc32 } from 'node:zlib';

/**
 * What stands around each record in a journal file, little-endian. It begins at a multiple of 64 bytes, so that no
 * header lies in two sectors of a disk. The bytes of the record follow, then END, filled up with zeros to a multiple of 64.
 *
 *     offset  type  field
 *     0       u32   magic
 *     4       u32   CRC-32 of bytes 8 to 63
 *     8       u32   folder: a random number that all files of a data folder share
 *     12      u32   number of the journal file
 *     16      f64   number of the record
 *     24      u32   bytes of the record
 *     28      u32   CRC-32 of the record
 *     32      u32   kind of the record
 *     40      f64   bytes that the file had at least
 *     60      u32   END
 *
 * With END at both places, what was written in part can be told from what was written and is damaged since.
 */
export const FRAME_BYTES = 64;
export const FRAME_MAGIC = 0x31724a68;
export const END = 0x646e454d;
const END_BYTES = 4;

/** Kinds of records: what stands first in each file, a batch of observations, an entry of the books, restored buckets. */
export const KIND = { start: 1, batch: 2, books: 3, buckets: 4 } as const;

export interface Frame {
  readonly folder: number;
  readonly file: number;
  readonly number: number;
  readonly kind: number;
  readonly length: number;
  readonly checksum: number;
  /** Bytes that the file had at least when the record was written: with less, it was cut. */
  readonly fileBytes: number;
}

/** Bytes that a record of so many takes in the file. */
export function framedLength(recordBytes: number): number {
  return FRAME_BYTES + Math.ceil((recordBytes + END_BYTES) / FRAME_BYTES) * FRAME_BYTES;
}

/** Completes the frame around a record that stands in `bytes` behind room for its header. */
export function seal(bytes: Buffer, frame: Omit<Frame, 'checksum' | 'length'>, recordBytes: number): void {
  bytes.fill(0, 0, FRAME_BYTES);
  bytes.fill(0, FRAME_BYTES + recordBytes);
  bytes.writeUInt32LE(FRAME_MAGIC, 0);
  bytes.writeUInt32LE(frame.folder, 8);
  bytes.writeUInt32LE(frame.file, 12);
  bytes.writeDoubleLE(frame.number, 16);
  bytes.writeUInt32LE(recordBytes, 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(FRAME_BYTES, FRAME_BYTES + recordBytes)), 28);
  bytes.writeUInt32LE(frame.kind, 32);
  bytes.writeDoubleLE(frame.fileBytes, 40);
  bytes.writeUInt32LE(END, FRAME_BYTES - END_BYTES);
  bytes.writeUInt32LE(END, FRAME_BYTES + recordBytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(8, FRAME_BYTES)), 4);
}

/** The frame whose header these bytes begin with; undefined if they are none, or damaged. */
export function frameOf(bytes: Buffer): Frame | undefined {
  if (bytes.length < FRAME_BYTES || bytes.readUInt32LE(0) !== FRAME_MAGIC) return undefined;
  if (bytes.readUInt32LE(4) !== crc32(bytes.subarray(8, FRAME_BYTES))) return undefined;
  return {
    folder: bytes.readUInt32LE(8),
    file: bytes.readUInt32LE(12),
    number: bytes.readDoubleLE(16),
    length: bytes.readUInt32LE(24),
    checksum: bytes.readUInt32LE(28),
    kind: bytes.readUInt32LE(32),
    fileBytes: bytes.readDoubleLE(40),
  };
}
