import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FORMER_DATA_FOLDER } from '../../config/data-folder.js';
import { error, type Finding, ok, warning } from './finding.js';

const MIB = 1024 * 1024;
/** Below this, the next checkpoint may not fit. */
const FREE_MIB_MIN = 64;
const FREE_MIB_GOOD = 1024;

/** Free space in MiB of the disk that holds a path. */
export type FreeSpace = (path: string) => number;

/** Whether the embedded store may write into its folder, and has room. */
export function checkDataFolder(dataDir: string, freeMib: FreeSpace = freeMibOf): Finding[] {
  const place = nearestFolder(resolve(dataDir));
  const findings: Finding[] = [];
  try {
    accessSync(place, constants.W_OK | constants.X_OK);
    findings.push(ok('data folder', `${dataDir} can be written`));
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    const why = code === 'EROFS' ? 'its file system is read-only' : 'this user may not write there';
    findings.push(
      error('data folder', `${place}: ${why}`, `HUMTEMP_DATA_DIR=FOLDER, or chown USER ${place}`),
    );
  }
  const free = Math.floor(freeMib(place));
  if (free < FREE_MIB_MIN)
    findings.push(
      error(
        'data folder',
        `the disk of ${dataDir} has ${free} MiB left`,
        'make room, or HUMTEMP_DATA_DIR=FOLDER',
      ),
    );
  else if (free < FREE_MIB_GOOD)
    findings.push(
      warning(
        'data folder',
        `the disk of ${dataDir} has ${free} MiB left`,
        'make room, or HUMTEMP_DATA_DIR=FOLDER',
      ),
    );
  else findings.push(ok('data folder', `its disk has ${free} MiB left`));
  if (dataDir === FORMER_DATA_FOLDER)
    findings.push(
      warning(
        'data folder',
        `${dataDir} lies in the clone, and git clean removes it`,
        'stop humtemp, mv humtemp-data ~/.local/state/humtemp',
      ),
    );
  return findings;
}

/** The folder, or the one above it that is there: what is missing is made in it. */
function nearestFolder(path: string): string {
  let folder = path;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function freeMibOf(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return (bavail * bsize) / MIB;
}
