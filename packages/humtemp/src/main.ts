import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { help } from './commands/help.js';
import { type Role, readConfig, unknownVariables } from './config/config.js';
import { greeting } from './start/greeting.js';
import { openLog } from './start/log.js';
import { type RunningRole, startRole } from './start/roles.js';
import { StartError } from './start-error.js';

const ROLES: readonly string[] = ['start', 'broker', 'worker', 'api'] satisfies Role[];

/** The command. Sets the exit code: 0 stopped as asked, 1 failed while running, 2 could not start. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const [command, ...rest] = argv;
  try {
    if (command === undefined || command === '--help' || command === '-h' || command === 'help') {
      process.stdout.write(help());
      if (command === undefined) process.exitCode = 2;
    } else if (command === '--version') process.stdout.write(`${version()}\n`);
    else if (command === 'simulate' || command === 'replay')
      await (await import('./commands/publish/command.js')).publishCommand(command, rest);
    else if (command === 'passwd') await (await import('./commands/passwd/command.js')).passwdCommand(rest);
    else if (command === 'token') await (await import('./commands/token/command.js')).tokenCommand(rest);
    else if (!ROLES.includes(command))
      throw new StartError(`no such command: ${command}; humtemp --help lists them`);
    else if (rest.includes('--help') || rest.includes('-h')) process.stdout.write(help());
    else if (rest.length > 0)
      throw new StartError(`${command} takes no arguments, but variables: humtemp --help lists them`);
    else await serve(command as Role, env);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`humtemp: ${error.message}\n`);
    process.exitCode = 2;
  }
}

/** Runs a role until SIGINT or SIGTERM, or until its terminal is closed. */
async function serve(role: Role, env: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(env, role);
  const log = await openLog(config.logLevel);
  for (const name of unknownVariables(env)) log.warn({ name }, 'no such variable; humtemp --help lists them');

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
async function reload({ broker, api }: RunningRole, log: Logger): Promise<void> {
  log.info('SIGHUP: reading accounts, tokens and certificates again');
  await Promise.all([broker?.reload(), api?.reload()]);
}

/**
 * The first signal to stop; a second one ends the process at once. SIGHUP is one when the terminal that somebody looks on from
 * has been closed; else it means to read files again.
 */
function stopSignal(readAgain: () => void): Promise<NodeJS.Signals> {
  // Not with nohup, which leads the output elsewhere.
  const hadTerminal = process.stdout.isTTY && hasTerminal();
  return new Promise((resolve) => {
    let stopping = false;
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(name, () => {
        if (name === 'SIGHUP' && (!hadTerminal || hasTerminal())) {
          readAgain();
          return;
        }
        if (stopping) process.exit(1);
        stopping = true;
        resolve(name);
      });
  });
}

/** Whether we belong to a terminal that is still there [tty(4)]. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
