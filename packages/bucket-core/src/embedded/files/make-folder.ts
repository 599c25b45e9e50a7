import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DiskError } from './disk-error.js';
import { FOLDER_MODE } from './files.js';

/**
 * Makes a folder that only its owner may enter, and those above it that are missing; one that is there and empty becomes
 * such a folder if it may. One by one, because Node's recursive way never ends where the kernel lets nobody make any.
 * @throws DiskError
 */
export function makeFolder(path: string): void {
  const folder = resolve(path);
  try {
    if (existsSync(folder)) {
      if (!statSync(folder).isDirectory())
        throw Object.assign(new Error('it is not a folder'), { code: 'ENOTDIR' });
      if (readdirSync(folder).length === 0) makePrivate(folder);
      return;
    }
    const missing = [folder];
    for (let above = dirname(folder); !existsSync(above) && above !== dirname(above); above = dirname(above))
      missing.push(above);
    for (const one of missing.reverse()) mkdirSync(one, FOLDER_MODE);
  } catch (error) {
    throw new DiskError('make the folder', folder, error);
  }
}

function makePrivate(folder: string): void {
  try {
    chmodSync(folder, FOLDER_MODE);
  } catch {
    // It belongs to another user, who let us in.
  }
}
