import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { AccessFileError, parsePasswordFile, readAccessFile } from '@humtemp/broker';
import { StartError } from '../start-error.js';

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
 * Puts a new file in the place of the old one, in one step: who reads meanwhile sees one or the other. It is for its
 * owner only, and for its group if the old one was and was not for everybody.
 * @throws StartError if that is not possible; the old file is then as it was.
 */
export async function writeAccountsFile(file: string, content: string): Promise<void> {
  const old = await stat(file).catch(() => undefined);
  // What a link stands for, not the link, is replaced.
  const target = old === undefined ? file : await realpath(file);
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
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    const reason =
      code === 'EPERM' && syscall === 'fchown'
        ? 'it belongs to another user; run this as that user'
        : message;
    throw new StartError(`${file} is unchanged: ${reason}`, { cause: error });
  }
}
