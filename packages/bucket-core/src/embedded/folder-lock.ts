import { rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from './files/make-folder.js';

/** The folder is in use by another process. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';

  constructor(folder: string) {
    super(`another process uses ${folder}: stop it, or use another folder`);
  }
}

/**
 * Holds a folder for this process, until `release`, or until the process ends however it does: the lock is a local
 * socket named after the folder, which the system removes with its process. Processes of other network namespaces, as
 * in containers that share a volume, do not see it.
 */
export class FolderLock {
  private constructor(readonly server: Server) {}

  /** Makes the folder if it is missing. @throws FolderInUseError; the file system's error. */
  static async take(folder: string): Promise<FolderLock> {
    makeFolder(folder);
    const name = socketName(folder);
    const server = (await listen(name)) ?? (await listenInPlaceOfTheDead(name));
    if (server === undefined) throw new FolderInUseError(folder);
    server.unref();
    return new FolderLock(server);
  }

  async release(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** By device and inode, so that every path to the folder gives the same. */
function socketName(folder: string): string {
  const { dev, ino } = statSync(folder, { bigint: true });
  const name = `humtemp-data-${dev}-${ino}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), name);
}

/** Undefined if somebody else has the name. */
function listen(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(name, () => resolve(server));
  });
}

/** Where sockets are files, one stays behind when its process is killed. */
async function listenInPlaceOfTheDead(name: string): Promise<Server | undefined> {
  if (process.platform === 'linux' || process.platform === 'win32') return undefined;
  const isAlive = await new Promise<boolean>((resolve) => {
    const socket = connect(name, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
  if (isAlive) return undefined;
  rmSync(name, { force: true });
  return listen(name);
}
