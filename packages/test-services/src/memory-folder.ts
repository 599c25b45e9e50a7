import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const IN_MEMORY = '/dev/shm';

/** A temporary folder, where possible in memory: what a disk refuses is the same there, and nothing waits for it. */
export function memoryFolder(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(parent(), `${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

function parent(): string {
  try {
    accessSync(IN_MEMORY, constants.W_OK);
    return IN_MEMORY;
  } catch {
    return tmpdir();
  }
}
