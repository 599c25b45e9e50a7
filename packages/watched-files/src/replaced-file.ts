import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { FileLock } from './file-lock.js';

/** A change of a file that was not possible. The file is as it was. */
export class UnchangedFile extends Error {
  override readonly name = 'UnchangedFile';
}

/**
 * Replaces a file by what `changed` makes of it: no other change comes between its reading and the
 * replacement. Whoever reads meanwhile sees the old content or the new. The file is for its owner only, and
 * for its group if the old one was and was not for everybody.
 * @throws UnchangedFile if that is not possible, and whatever `changed` throws; the old file is then as it
 * was.
 */
export async function replaceFileContent(file: string, changed: () => Promise<string>): Promise<void> {
  // What a link stands for, not the link, is replaced.
  const target = await realpath(file).catch(() => file);
  const lock = await FileLock.take(`${target}.lock`).catch((error: Error) => {
    throw unchanged(file, error);
  });
  try {
    await replace(file, target, await changed(), lock);
  } finally {
    await lock.release();
  }
}

async function replace(file: string, target: string, content: string, lock: FileLock): Promise<void> {
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

function unchanged(file: string, error: NodeJS.ErrnoException): UnchangedFile {
  const { code, syscall, message } = error;
  const reason =
    code === 'EPERM' && syscall === 'fchown' ? 'it belongs to another user; run this as that user' : message;
  return new UnchangedFile(`${file} is unchanged: ${reason}`, { cause: error });
}
