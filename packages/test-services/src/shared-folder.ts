import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder that all test processes of one user share, for what they must agree on (reserved ports, images
 * known to be missing). Everything in it may be deleted at any time between runs.
 */
export function sharedFolder(name: string): string {
  const path = join(tmpdir(), `humtemp-tests-${process.getuid?.() ?? 'shared'}`, name);
  mkdirSync(path, { recursive: true });
  return path;
}
