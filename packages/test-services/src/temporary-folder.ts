import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { scratchFolder } from './scratch-folder.js';

export interface TemporaryFolder {
  readonly path: string;
  /** Removes the folder and all in it; may be called twice. */
  remove(): Promise<void>;
}

/** Makes an empty folder. What a test does not remove is removed when its process ends. */
export async function temporaryFolder(prefix = 'folder'): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(scratchFolder(), `${prefix}-`));
  return {
    path,
    // Retries, because a killed server's last writes may still land while the folder is emptied.
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  };
}
