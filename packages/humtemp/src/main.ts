import { HELP, roleHelp, variablesHelp } from './commands/help.js';
import { isRole } from './config/role.js';
import { StartError } from './start-error.js';
import { version } from './version.js';

/**
 * The command. Sets the exit code: 0 stopped as asked, 1 failed while running, 2 could not start.
 * @param called how people run it from here, as messages show it.
 */
export async function main(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  called = 'humtemp',
): Promise<void> {
  const [command, ...rest] = argv;
  try {
    if (command === undefined) {
      process.stdout.write(HELP);
      process.exitCode = 2;
    } else await run(command, rest, env, called);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`humtemp: ${error.message}\n`);
    process.exitCode = 2;
  }
}

/** What a command needs is loaded with it: a worker has no use for all that the others take. */
async function run(
  command: string,
  rest: readonly string[],
  env: NodeJS.ProcessEnv,
  called: string,
): Promise<void> {
  if (command === '--help' || command === '-h' || command === 'help') await help(rest, env, called);
  else if (command === '--version' || command === 'version') process.stdout.write(`${version()}\n`);
  else if (command === 'simulate' || command === 'replay')
    await (await import('./commands/publish/command.js')).publishCommand(command, rest, env);
  else if (command === 'passwd') await (await import('./commands/passwd/command.js')).passwdCommand(rest);
  else if (command === 'token') await (await import('./commands/token/command.js')).tokenCommand(rest);
  else if (command === 'export')
    await (await import('./commands/archive/command.js')).exportCommand(rest, env);
  else if (command === 'import')
    await (await import('./commands/archive/command.js')).importCommand(rest, env);
  else if (command === 'backup')
    await (await import('./commands/backup/command.js')).backupCommand(rest, env);
  else if (command === 'spread')
    await (await import('./commands/spread/command.js')).spreadCommand(rest, env);
  else if (command === 'explain') await (await import('./commands/explain/command.js')).explainCommand(rest);
  else if (command === 'health')
    await (await import('./commands/health/command.js')).healthCommand(rest, env);
  else if (command === 'doctor')
    await (await import('./commands/doctor/command.js')).doctorCommand(rest, env);
  else if (command === 'inspect')
    await (await import('./commands/inspect/command.js')).inspectCommand(rest, env);
  else if (command === 'support-bundle')
    await (await import('./commands/support-bundle/command.js')).supportBundleCommand(rest, env);
  else if (!isRole(command)) throw new StartError(`no such command: ${command}; humtemp --help lists them`);
  else if (rest.includes('--help') || rest.includes('-h')) process.stdout.write(roleHelp(command));
  else if (rest.length > 0)
    throw new StartError(
      `${command} takes no arguments, but variables: humtemp ${command} --help lists them`,
    );
  else await (await import('./start/serve.js')).serve(command, env, called);
}

/** `humtemp help [COMMAND | variables]`. */
async function help([topic]: readonly string[], env: NodeJS.ProcessEnv, called: string): Promise<void> {
  if (topic === undefined || topic.startsWith('-')) process.stdout.write(HELP);
  else if (topic === 'variables') process.stdout.write(variablesHelp());
  else await run(topic, ['--help'], env, called);
}
