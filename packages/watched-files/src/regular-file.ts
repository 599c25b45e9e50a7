import { readFileSync, type Stats, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';

/**
 * The content of a file that people edit. What is there in its place is looked at first: reading a pipe would wait for
 * ever, and hold one of the few threads that read and write for the whole process; a device may never end.
 * @throws RangeError for what is no file or longer than `bytesMax`, and whatever the system says; EISDIR for a folder
 */
export async function readRegularFile(path: string, bytesMax: number): Promise<Buffer> {
  refuseOther(await stat(path), bytesMax);
  return readFile(path);
}

/** As readRegularFile, at once. */
export function readRegularFileSync(path: string, bytesMax: number): Buffer {
  refuseOther(statSync(path), bytesMax);
  return readFileSync(path);
}

function refuseOther(stats: Stats, bytesMax: number): void {
  if (!stats.isFile() && !stats.isDirectory())
    throw new RangeError('expected a file, not a pipe, socket or device');
  if (stats.isFile() && stats.size > bytesMax)
    throw new RangeError(`expected at most ${bytesMax} bytes, not ${stats.size}`);
}
