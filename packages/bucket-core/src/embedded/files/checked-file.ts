import { crc32 } from 'node:zlib';
import { DamagedFileError } from './disk-error.js';
import { closeFile, type FileIdentity, openForReading, readFully, replaceFile, sizeOf } from './files.js';

/**
 * A small file that is written as a whole:
 *
 *     humtemp NAME, format F, CRC-32 xxxxxxxx, N bytes\n
 *     N bytes
 *
 * The checksum is that of the first line with zeros in its place, and of the bytes.
 */
const HEAD = /^humtemp [a-z]+, format (\d+), CRC-32 ([0-9a-f]{8}), (\d+) bytes\n/;
const HEAD_BYTES_MAX = 100;
const NO_CHECKSUM = '00000000';

export interface CheckedFile extends FileIdentity {
  readonly format: number;
  readonly bytes: Buffer;
}

/** @throws DamagedFileError; DiskError */
export function readCheckedFile(path: string): CheckedFile {
  const file = openForReading(path);
  try {
    const all = readFully(file, 0, sizeOf(file));
    const [line, format, checksum, length] = HEAD.exec(all.toString('latin1', 0, HEAD_BYTES_MAX)) ?? [];
    if (line === undefined || checksum === undefined)
      throw new DamagedFileError(path, 'its first line cannot be read');
    const bytes = all.subarray(line.length);
    const isWhole =
      bytes.length === Number(length) && checksumOf(line.replace(checksum, NO_CHECKSUM), bytes) === checksum;
    if (!isWhole) throw new DamagedFileError(path, 'its checksum is wrong');
    return { dev: file.dev, ino: file.ino, format: Number(format), bytes };
  } finally {
    closeFile(file);
  }
}

/** On the disk when it resolves. @throws DiskError, and then there may be the old one or the new one. */
export function writeCheckedFile(
  path: string,
  name: string,
  format: number,
  bytes: Buffer,
): Promise<FileIdentity> {
  const line = `humtemp ${name}, format ${format}, CRC-32 ${NO_CHECKSUM}, ${bytes.length} bytes\n`;
  const head = line.replace(NO_CHECKSUM, checksumOf(line, bytes));
  return replaceFile(path, Buffer.concat([Buffer.from(head), bytes]));
}

function checksumOf(line: string, bytes: Buffer): string {
  return crc32(bytes, crc32(line)).toString(16).padStart(8, '0');
}
