import type { BigIntStats } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS_MAX = 50;
/** A lock is held for milliseconds, of which a slow disk may make seconds. */
const ABANDONED_MS = 10_000;
const WAIT_MS_MAX = 30_000;

/**
 * A file that is there while one process changes the file beside it. One that stays the same for ten seconds
 * was left by a process that was killed, and is taken over.
 */
export class FileLock {
  private constructor(
    readonly path: string,
    private readonly stamp: string,
  ) {}

  /**
   * Waits until it is free.
   * @throws Error that names the lock, if it is not in time; the file system's error if it cannot be made.
   */
  static async take(path: string, abandonedMs = ABANDONED_MS, waitMsMax = WAIT_MS_MAX): Promise<FileLock> {
    const startedMs = performance.now();
    let seen: string | undefined;
    let seenMs = startedMs;
    for (;;) {
      const lock = await FileLock.#tryToTake(path);
      if (lock !== undefined) return lock;
      const nowMs = performance.now();
      const stamp = await stampOf(path);
      if (stamp !== seen) {
        seen = stamp;
        seenMs = nowMs;
      } else if (stamp !== undefined && nowMs - seenMs >= abandonedMs) {
        await rm(path, { force: true });
        continue;
      }
      if (nowMs - startedMs >= waitMsMax)
        throw new Error(`${path} is in the way: others change the file, one after the other; try again`);
      await delay(Math.random() * PAUSE_MS_MAX);
    }
  }

  static async #tryToTake(path: string): Promise<FileLock | undefined> {
    try {
      const handle = await open(path, 'wx', 0o600);
      try {
        return new FileLock(path, stampIn(await handle.stat({ bigint: true })));
      } finally {
        await handle.close();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
      throw error;
    }
  }

  /** Not if it took so long that somebody else took it over. */
  async isHeld(): Promise<boolean> {
    return (await stampOf(this.path)) === this.stamp;
  }

  async release(): Promise<void> {
    if (await this.isHeld()) await rm(this.path, { force: true });
  }
}

/** Tells one lock of this path from another; undefined: there is none. */
async function stampOf(path: string): Promise<string | undefined> {
  try {
    return stampIn(await stat(path, { bigint: true }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function stampIn({ ino, mtimeNs }: BigIntStats): string {
  return `${ino} ${mtimeNs}`;
}
