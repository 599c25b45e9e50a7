import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SOURCE = fileURLToPath(new URL('../../src/disk-faults/failing-disk.c', import.meta.url));

/** Compiles the disk that refuses into a folder. Undefined where that is not possible, with the reason. */
export async function compileFailingDisk(
  folder: string,
): Promise<{ readonly library: string } | { readonly reason: string }> {
  if (process.platform !== 'linux') return { reason: 'only Linux has LD_PRELOAD as it is used here' };
  const library = join(folder, 'failing-disk.so');
  try {
    await run('cc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl', '-lpthread']);
  } catch (error) {
    return { reason: `no C compiler: ${(error as Error).message.split('\n')[0]}` };
  }
  return { library };
}
