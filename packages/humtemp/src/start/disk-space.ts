import { statfsSync } from 'node:fs';
import type { DiskSpace } from '@humtemp/api';
import type { Config } from '../config/config.js';

/** Asks for the room on the disk of the embedded store; undefined with Redis, and while the system does not say. */
export function diskOf({ store }: Config): () => DiskSpace | undefined {
  return () => {
    if (!('dataDir' in store)) return undefined;
    try {
      const { bavail, blocks, bsize } = statfsSync(store.dataDir);
      return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
    } catch {
      return undefined;
    }
  };
}
