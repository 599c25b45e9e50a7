import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  openSync,
  readSync,
  rename,
  statSync,
  unlink,
  write,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { DiskError } from './disk-error.js';

/** Everything that the embedded store does with files. Each failure is a DiskError that names the file. */

const writeOnce = promisify(write);
const fsyncOnce = promisify(fsync);
const renameOnce = promisify(rename);
const unlinkOnce = promisify(unlink);

/** Only the owner reads what sensors sent. */
export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

/** Identifies a file, whatever its name is. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

export interface OpenFile extends FileIdentity {
  readonly path: string;
  readonly fd: number;
}

/** A new file, empty. `synced`: each write returns when it is on the disk. */
export function createFile(path: string, synced = false): OpenFile {
  const { O_CREAT, O_TRUNC, O_RDWR, O_DSYNC = 0 } = constants;
  return openAs(path, 'create', O_CREAT | O_TRUNC | O_RDWR | (synced ? O_DSYNC : 0));
}

export function openForReading(path: string): OpenFile {
  return openAs(path, 'open', constants.O_RDONLY);
}

export function closeFile(file: OpenFile): void {
  try {
    closeSync(file.fd);
  } catch {
    // What was written is on the disk already; what was not has been reported.
  }
}

export function sizeOf(file: OpenFile): number {
  try {
    return fstatSync(file.fd).size;
  } catch (error) {
    throw new DiskError('read', file.path, error);
  }
}

/**
 * Writes all of the bytes. A file that is opened `synced` has them on its disk then.
 * @throws DiskError, also where the disk took them in part at first: libuv writes the rest again, and keeps an error of that
 * to itself
 */
export async function writeFully(file: OpenFile, bytes: Buffer, position: number): Promise<void> {
  try {
    const { bytesWritten: taken } = await writeOnce(file.fd, bytes, 0, bytes.length, position);
    if (taken === bytes.length) return;
    // Fails with the reason, as a rule.
    await writeOnce(file.fd, bytes, taken, bytes.length - taken, position + taken);
    throw Object.assign(new Error(`it took ${taken} of ${bytes.length} bytes`), { code: 'EIO' });
  } catch (error) {
    throw new DiskError('write', file.path, error);
  }
}

/** Reads exactly so many bytes. @throws DiskError, also where the file ends before. */
export function readFully(file: OpenFile, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  let done = 0;
  try {
    while (done < length) {
      const read = readSync(file.fd, bytes, done, length - done, position + done);
      if (read === 0) throw new Error('the file ends early');
      done += read;
    }
  } catch (error) {
    throw new DiskError('read', file.path, error);
  }
  return bytes;
}

/** What was written is on the disk. After a failure nobody knows what is: the file must not be used any more. */
export async function syncFile(file: OpenFile): Promise<void> {
  try {
    await fsyncOnce(file.fd);
  } catch (error) {
    throw new DiskError('sync', file.path, error);
  }
}

/** New names and removed ones are on the disk. */
export async function syncFolder(path: string): Promise<void> {
  // Windows has no such thing.
  if (process.platform === 'win32') return;
  const folder = openForReading(path);
  try {
    await syncFile(folder);
  } finally {
    closeFile(folder);
  }
}

/**
 * Puts a file of these bytes in the place of the one of that name: whatever happens, there is the old one or the new
 * one, whole. After a failure nobody knows which.
 */
export async function replaceFile(path: string, bytes: Buffer): Promise<FileIdentity> {
  const file = createFile(`${path}.new`);
  try {
    await writeFully(file, bytes, 0);
    await syncFile(file);
  } finally {
    closeFile(file);
  }
  try {
    await renameOnce(file.path, path);
  } catch (error) {
    throw new DiskError('replace', path, error);
  }
  await syncFolder(dirname(path));
  return file;
}

/** Removes a file that nobody needs; if that fails, the next start does it. */
export async function removeUnneeded(path: string): Promise<void> {
  await unlinkOnce(path).catch(() => {});
}

/** What stands under a name. Undefined: the disk does not say. */
export function identityUnder(path: string): FileIdentity | 'gone' | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return { dev, ino };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'gone' : undefined;
  }
}

function openAs(path: string, action: string, flags: number): OpenFile {
  try {
    const fd = openSync(path, flags, FILE_MODE);
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return { path, fd, dev, ino };
  } catch (error) {
    throw new DiskError(action, path, error);
  }
}
