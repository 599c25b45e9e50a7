import {
  hashPassword,
  parsePasswordFile,
  verifyPassword,
  withAccount,
  withoutAccount,
} from '@humtemp/broker';
import { StartError } from '../../start-error.js';
import { changeFile, readFileOrNone } from '../edited-file.js';
import { askPassword, type PasswordSource } from './ask-password.js';
import { PASSWD_HELP, parsePasswdArguments } from './options.js';

/**
 * Runs `humtemp passwd`. The exit code is 1 if a password that was to be verified is not that of the account.
 * @throws StartError with a message for the person who started it.
 */
export async function passwdCommand(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) process.stdout.write(PASSWD_HELP);
  else {
    const { said, isRight } = await passwd(argv, process);
    process.stdout.write(said);
    if (!isRight) process.exitCode = 1;
  }
}

/** @returns what there is to say, in whole lines; not right: a password that was to be verified. */
export async function passwd(
  argv: readonly string[],
  source: PasswordSource,
): Promise<{ readonly said: string; readonly isRight: boolean }> {
  const done = (said: string, isRight = true) => ({ said, isRight });
  const options = parsePasswdArguments(argv);
  const { action, file } = options;
  const { content, parsed: accounts } = await readAccounts(file);
  if (action === 'set') {
    const { username, iterations } = options;
    const hash = await hashPassword(await askPassword(source, true), iterations);
    let wasThere = false;
    await changeFile(file, async () => {
      const { content, parsed: accounts } = await readAccounts(file);
      wasThere = accounts.has(username);
      return withAccount(content ?? '', username, hash);
    });
    return done(`${username}: ${wasThere ? 'password changed' : 'added'}\n`);
  }

  if (content === undefined) throw new StartError(`${file}: there is no such file`);
  if (action === 'list') return done([...accounts.keys()].map((username) => `${username}\n`).join(''));

  const { username } = options;
  if (action === 'verify') {
    const account = accounts.get(username);
    if (account === undefined) return done(`${username}: no such account\n`, false);
    const isRight = await verifyPassword(await askPassword(source, false), account);
    return done(`${username}: ${isRight ? 'right' : 'wrong'}\n`, isRight);
  }
  await changeFile(file, async () => {
    const { content, parsed: accounts } = await readAccounts(file);
    if (!accounts.has(username)) throw new StartError(`${file} has no account ${username}`);
    return withoutAccount(content ?? '', username);
  });
  return done(`${username}: deleted\n`);
}

/** The content is undefined if there is no such file. */
function readAccounts(file: string) {
  return readFileOrNone(file, (content) => parsePasswordFile(content, file));
}
