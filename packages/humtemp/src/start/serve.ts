import type { Logger } from 'pino';
import { readConfig, unknownVariables } from '../config/config.js';
import type { Role } from '../config/role.js';
import { greeting } from './greeting.js';
import { openLog } from './log.js';
import { type RunningRole, startRole } from './roles.js';
import { stopSignal } from './stop-signal.js';

/** Runs a role until SIGINT or SIGTERM, or until its terminal is closed. */
export async function serve(role: Role, env: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(env, role);
  const log = await openLog(config.logLevel);
  for (const name of unknownVariables(env))
    log.warn({ name }, 'no such variable; humtemp help variables lists them');

  let running: RunningRole | undefined;
  // From here on a signal means: stop cleanly, even if the start is not through yet.
  const signal = stopSignal(() => void (running !== undefined && reload(running, log)));
  running = await startRole(role, config, log);
  process.stdout.write(greeting(running, config));

  const reason = await Promise.race([
    signal,
    running.worker?.running.catch((error: Error) => error) ?? signal,
  ]);
  if (reason instanceof Error) {
    process.exitCode = 1;
    log.error(reason.message);
  }
  log.info('stopping: committing what is pending');
  await running.stop();
  log.info({ ledger: running.ledger() }, 'stopped');
  if (reason === 'SIGHUP') {
    // An exit of its own would fail: Node puts the terminal back, which is gone.
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  }
}

/** Reads the files of accounts, rules, tokens and certificates again. */
async function reload({ broker, api, sources }: RunningRole, log: Logger): Promise<void> {
  log.info('SIGHUP: reading accounts, tokens, certificates and sources again');
  await Promise.all([broker?.reload(), api?.reload(), sources.reload()]);
}
