import { randomBytes } from 'node:crypto';
import { parseTokenFile, withoutToken, withToken } from '@humtemp/api/access';
import { StartError } from '../../start-error.js';
import { changeFile, readFileOrNone } from '../edited-file.js';
import { parseTokenArguments, TOKEN_HELP } from './options.js';

/** 256 bits: nobody finds a token by trying. */
const TOKEN_BYTES = 32;

/**
 * Runs `humtemp token`. Of a new token, only the token itself goes to standard output.
 * @throws StartError with a message for the person who started it.
 */
export async function tokenCommand(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) process.stdout.write(TOKEN_HELP);
  else {
    const { result, remark } = await token(argv, Date.now());
    process.stdout.write(result);
    process.stderr.write(remark);
  }
}

/** @returns the result, and what else there is to say, both in whole lines or empty. */
export async function token(
  argv: readonly string[],
  nowMs: number,
): Promise<{ readonly result: string; readonly remark: string }> {
  const options = parseTokenArguments(argv, nowMs);
  const { action, file } = options;
  if (action === 'add') {
    const { name, rights } = options;
    const token = `humtemp_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
    await changeFile(file, async () => {
      const { content, parsed: entries } = await readTokens(file);
      if (entries.some((entry) => entry.name === name))
        throw new StartError(`${file} has a token ${name}: --delete it first, or choose another name`);
      return withToken(content ?? '', name, token, rights);
    });
    return { result: `${token}\n`, remark: `${name}: added; the token is not shown again\n` };
  }

  const { content, parsed: entries } = await readTokens(file);
  if (content === undefined) throw new StartError(`${file}: there is no such file`);
  if (action === 'list') {
    const lines = entries.map(({ name, mayWrite, labs, expiresMs }) =>
      [
        name,
        mayWrite ? 'write' : 'read',
        `labs=${labs}`,
        ...(expiresMs === Number.POSITIVE_INFINITY ? [] : [`expires=${new Date(expiresMs).toISOString()}`]),
        ...(expiresMs <= nowMs ? ['(expired)'] : []),
      ].join(' '),
    );
    return { result: lines.map((line) => `${line}\n`).join(''), remark: '' };
  }
  const { name } = options;
  await changeFile(file, async () => {
    const { content, parsed: entries } = await readTokens(file);
    if (!entries.some((entry) => entry.name === name)) throw new StartError(`${file} has no token ${name}`);
    return withoutToken(content ?? '', name);
  });
  return { result: '', remark: `${name}: deleted\n` };
}

/** The content is undefined if there is no such file. */
function readTokens(file: string) {
  return readFileOrNone(file, (content) => parseTokenFile(content, file));
}
