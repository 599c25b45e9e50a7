import { readConfig } from '../../config/config.js';
import { StartError } from '../../start-error.js';
import { commandArguments } from '../command-arguments.js';

export const BACKUP_HELP = `humtemp backup DIR: a copy of the data folder, also while humtemp runs

It copies HUMTEMP_DATA_DIR, or the folder that humtemp start uses without it, into DIR, which must be empty or missing. What was
acknowledged before the backup began is in the copy. In the end the copy is read as a start would read it, and every
checksum is compared. To restore it: HUMTEMP_DATA_DIR=DIR humtemp start, or put the copy in the place of the folder.

  humtemp backup /backup/humtemp-$(date +%F)
`;

/** Runs `humtemp backup`. @throws StartError with a message for the person who started it. */
export async function backupCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) process.stdout.write(BACKUP_HELP);
  else process.stdout.write(await backup(argv, env));
}

/** @returns what to say of it. @throws StartError */
export async function backup(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const [to, second] = commandArguments('backup', argv, {}).positionals;
  if (to === undefined || second !== undefined)
    throw new StartError('expected one folder for the copy; humtemp backup --help says more');
  const { store } = readConfig(env, undefined);
  if (!('dataDir' in store))
    throw new StartError(
      'the buckets are in Redis: back that up by its own means, or take all buckets with humtemp export FILE',
    );
  const { backUp } = await import('@humtemp/bucket-core/embedded');
  try {
    const { files, bytes, labs } = await backUp(store.dataDir, to);
    const mib = (bytes / 2 ** 20).toFixed(1);
    return `${store.dataDir} is copied to ${to}: ${files} files, ${labs} labs, ${mib} MiB; every checksum is right\n`;
  } catch (error) {
    throw new StartError((error as Error).message, { cause: error });
  }
}
