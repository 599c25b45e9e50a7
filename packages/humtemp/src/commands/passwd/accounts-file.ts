import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { AccessFileError, parsePasswordFile, readAccessFile } from '@humtemp/broker';
import { StartError } from '../../start-error.js';
import { FileLock } from './file-lock.js';

/**
 * The content of a password_file; undefined if there is none.
 * @throws StartError if it cannot be read, or is no password_file.
 */
export async function readAccountsFile(file: string): Promise<string | undefined> {
  try {
    const content = await readAccessFile(file);
    parsePasswordFile(content, file);
    return content;
  } catch (error) {
    if (!(error instanceof AccessFileError)) throw error;
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
    throw new StartError(error.message, { cause: error });
  }
}

/**
 * Replaces a file by what `changed` makes of it: no other change comes between its reading and the replacement. Whoever
 * reads meanwhile sees the old content or the new. The file is for its owner only, and for its group if the old one was
 * and was not for everybody.
 * @throws StartError if that is not possible, and whatever `changed` throws; the old file is then as it was.
 */
export async function changeAccountsFile(file: string, changed: () => Promise<string>): Promise<void> {
  // What a link stands for, not the link, is replaced.
  const target = await realpath(file).catch(() => file);
  const lock = await FileLock.take(`${target}.lock`).catch((error: Error) => {
    throw unchanged(file, error);
  });
  try {
    await replaceFile(file, target, await changed(), lock);
  } finally {
    await lock.release();
  }
}

async function replaceFile(file: string, target: string, content: string, lock: FileLock): Promise<void> {
  const old = await stat(target).catch(() => undefined);
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      if (old !== undefined) {
        const { uid, gid } = await handle.stat();
        if (uid !== old.uid || gid !== old.gid) await handle.chown(old.uid, old.gid);
        if ((old.mode & 0o007) === 0) await handle.chmod(0o600 | (old.mode & 0o060));
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (!(await lock.isHeld())) throw new Error('this took so long that another change began; try again');
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw unchanged(file, error as NodeJS.ErrnoException);
  }
}

function unchanged(file: string, error: NodeJS.ErrnoException): StartError {
  const { code, syscall, message } = error;
  const reason =
    code === 'EPERM' && syscall === 'fchown' ? 'it belongs to another user; run this as that user' : message;
  return new StartError(`${file} is unchanged: ${reason}`, { cause: error });
}
