import { ITERATIONS_DEFAULT, ITERATIONS_MAX, ITERATIONS_MIN, usernameProblem } from '@humtemp/broker';
import { StartError } from '../../start-error.js';
import { commandArguments } from '../command-arguments.js';

export const PASSWD_HELP = `humtemp passwd FILE USER: adds an account for the embedded broker, or changes its password

FILE is a password_file as Mosquitto 2.0 and its mosquitto_passwd have it; it is made if it is not there. All other lines
stay as they are. The password is asked for twice on a terminal, and is otherwise the first line of standard input.

  --delete           removes the account
  --verify           asks for the password and compares: exit code 0 if it is the right one, 1 if not
  --list             prints the usernames of FILE, one a line
  --iterations N     of PBKDF2, ${ITERATIONS_MIN} to ${ITERATIONS_MAX} (default ${ITERATIONS_DEFAULT}): more make guessing
                     slower, and also the first connection of each sensor after a start

  humtemp passwd accounts library-20
  openssl rand -hex 16 | tee library-20.password | humtemp passwd accounts library-20
  humtemp passwd accounts library-20 --delete
  humtemp passwd accounts --list
`;

export type PasswdOptions =
  | { readonly action: 'list'; readonly file: string }
  | { readonly action: 'delete' | 'verify'; readonly file: string; readonly username: string }
  | {
      readonly action: 'set';
      readonly file: string;
      readonly username: string;
      readonly iterations: number;
    };

/**
 * Options of `humtemp passwd`.
 * @throws StartError naming the first that is wrong and what was expected.
 */
export function parsePasswdArguments(argv: readonly string[]): PasswdOptions {
  const { values, positionals } = commandArguments('passwd', argv, {
    delete: { type: 'boolean' },
    verify: { type: 'boolean' },
    list: { type: 'boolean' },
    iterations: { type: 'string' },
  });
  const [file, username, third] = positionals;
  const [action, second] = (['delete', 'verify', 'list'] as const).filter((name) => values[name] === true);
  if (second !== undefined) throw new StartError(`--${action} or --${second}: expected one of them`);
  if (values.iterations !== undefined && action !== undefined)
    throw new StartError(`--iterations and --${action}: expected one of them`);
  if (file === undefined) throw new StartError('which file? humtemp passwd FILE USER');
  if (action === 'list') {
    if (username !== undefined) throw new StartError(`--list takes a file only, not ${username}`);
    return { action, file };
  }
  if (username === undefined) throw new StartError(`which user? humtemp passwd ${file} USER`);
  if (third !== undefined) throw new StartError(`one user at a time: ${username} or ${third}`);
  const problem = usernameProblem(username);
  if (problem !== undefined)
    throw new StartError(`${JSON.stringify(username.slice(0, 100))}: expected a username ${problem}`);
  return action === undefined
    ? { action: 'set', file, username, iterations: parseIterations(values.iterations) }
    : { action, file, username };
}

function parseIterations(text: string | undefined): number {
  if (text === undefined) return ITERATIONS_DEFAULT;
  const iterations = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(iterations >= ITERATIONS_MIN && iterations <= ITERATIONS_MAX))
    throw new StartError(
      `--iterations ${text}: expected a whole number from ${ITERATIONS_MIN} to ${ITERATIONS_MAX}`,
    );
  return iterations;
}
