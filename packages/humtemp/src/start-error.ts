/**
 * A reason not to start that the person who started us can remove. Its message is all they need; exit code 2.
 */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** What a listen or file system error means for the variable behind it. */
export function startErrorOf(variable: string, value: string | number, error: unknown): StartError {
  const { code, message } = error as NodeJS.ErrnoException;
  const advice = ADVICE[code ?? ''] ?? message;
  return new StartError(`${variable}=${value}: ${advice}`, { cause: error });
}

const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken; stop what listens there, or set the variable to a free port',
  EADDRNOTAVAIL: 'this machine has no such address; set the variable to one it has',
  EACCES: 'permission denied; choose another, or give this user the right to it',
  EPERM: 'permission denied; choose another, or give this user the right to it',
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a folder; choose another',
  EEXIST: 'it exists and is not a folder; choose another',
  EROFS: 'the file system is read-only; choose another',
  ENOSPC: 'no space is left on the device',
  ENOTFOUND: 'the host name is not known',
};
