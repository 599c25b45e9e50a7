import { constants } from 'node:os';

/** The disk refused something. Says what was tried with which file, and why it failed. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  /** The system's name of the error, such as ENOSPC. */
  readonly code: string | undefined;

  constructor(action: string, file: string, cause: unknown) {
    const { message } = cause as Error;
    const code = codeOf(cause as NodeJS.ErrnoException);
    super(`cannot ${action} ${file}: ${REASONS[code ?? ''] ?? message}`, { cause });
    this.code = code;
  }
}

/** Node has no name for a quota that is used up, only the number. */
function codeOf({ code, errno }: NodeJS.ErrnoException): string | undefined {
  return errno === -constants.errno.EDQUOT ? 'EDQUOT' : code;
}

/** Whether it may end without anybody's help: somebody makes room. */
export function isForWantOfRoom(error: unknown): boolean {
  const { code } = error as { readonly code?: string };
  return code === 'ENOSPC' || code === 'EDQUOT';
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full (ENOSPC)',
  EDQUOT: 'the disk quota is used up (EDQUOT)',
  EROFS: 'the file system is read-only (EROFS)',
  EIO: 'the disk reports an input/output error (EIO)',
  EACCES: 'permission denied (EACCES)',
  EPERM: 'the operation is not permitted (EPERM)',
  ENOENT: 'there is no such file or folder (ENOENT)',
  EMFILE: 'too many files are open (EMFILE)',
};

/** A file holds what it must not hold: its bytes have changed since they were written. */
export class DamagedFileError extends Error {
  override readonly name = 'DamagedFileError';

  constructor(
    readonly file: string,
    what: string,
  ) {
    super(
      `${file} is damaged: ${what}. Restore the data folder from a backup, or move it away and start with an empty one`,
    );
  }
}
