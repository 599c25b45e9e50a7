import { homedir } from 'node:os';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { readConfig, unknownVariables } from '../config/config.js';
import { FORMER_DATA_FOLDER, stateFolder } from '../config/data-folder.js';
import type { Role } from '../config/role.js';
import { apiUrl, greeting, LABS_COUNTED_MAX, listenerUrls } from './greeting.js';
import { openLog } from './log.js';
import { type RunningRole, startRole } from './roles.js';
import { removeRunningFile, writeRunningFile } from './running-file.js';
import { stopSignal } from './stop-signal.js';
import { endsWithin } from './stop-steps.js';
import { WarningLog } from './warning-log.js';

/** A store that is out of reach must not hold up the greeting. */
const LABS_MS_MAX = 1000;

/**
 * Runs a role until SIGINT or SIGTERM, or until its terminal is closed.
 * @param command how the person who started it runs the command.
 */
export async function serve(role: Role, env: NodeJS.ProcessEnv, command: string): Promise<void> {
  const config = readConfig(env, role);
  const warnings = new WarningLog();
  const log = await openLog(config.logLevel, warnings);
  for (const name of unknownVariables(env))
    log.warn({ name }, 'no such variable; humtemp help variables lists them');

  if ('dataDir' in config.store && env.HUMTEMP_DATA_DIR === undefined)
    warnOfFormerFolder(config.store.dataDir, env, log);

  let running: RunningRole | undefined;
  // From here on a signal means: stop cleanly, even if the start is not through yet.
  const signal = stopSignal(() => void (running !== undefined && reload(running, log)));
  running = await startRole(role, config, log, warnings);
  const labs = await labsKnown(running);
  process.stdout.write(greeting(running, config, { labs, command }));
  const dataDir = 'dataDir' in config.store ? config.store.dataDir : undefined;
  if (dataDir !== undefined)
    writeRunningFile(dataDir, {
      pid: process.pid,
      startedMs: Date.now(),
      mqtt: listenerUrls(running, config),
      api: apiUrl(running, config),
    });

  const reason = await Promise.race([
    signal,
    running.worker?.running.catch((error: Error) => error) ?? signal,
  ]);
  if (reason instanceof Error) {
    process.exitCode = 1;
    log.error(reason.message);
  }
  log.info('stopping: committing what is pending');
  if (dataDir !== undefined) removeRunningFile(dataDir);
  await running.stop();
  log.info({ ledger: running.ledger() }, 'stopped');
  if (reason === 'SIGHUP') {
    // An exit of its own would fail: Node puts the terminal back, which is gone.
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  }
}

/** Whoever cleans the clone with git loses what lies in it. */
function warnOfFormerFolder(dataDir: string, env: NodeJS.ProcessEnv, log: Logger): void {
  if (dataDir !== FORMER_DATA_FOLDER) return;
  const now = stateFolder(env, homedir());
  log.warn(
    { dataDir, move: `mkdir -p ${dirname(now)} && mv ${dataDir} ${now}` },
    'the data lies in the folder of earlier versions, which git clean removes: stop humtemp and move it',
  );
}

/** How many labs are known; undefined if the store does not say soon. */
async function labsKnown(running: RunningRole): Promise<number | undefined> {
  let labs: number | undefined;
  const counted = running.countLabs(LABS_COUNTED_MAX).then(
    (count) => {
      labs = count;
    },
    () => {},
  );
  await endsWithin(LABS_MS_MAX, counted);
  return labs;
}

/** Reads the files of accounts, rules, tokens and certificates again. */
async function reload({ broker, api, sources }: RunningRole, log: Logger): Promise<void> {
  log.info('SIGHUP: reading accounts, tokens, certificates and sources again');
  await Promise.all([broker?.reload(), api?.reload(), sources.reload()]);
}
