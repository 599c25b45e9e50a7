import {
  EVERY_LAB,
  parseExpiry,
  parseLabs,
  TOKEN_NAME_EXPECTED,
  TOKEN_NAME_PATTERN,
  type TokenRights,
} from '@humtemp/api/access';
import { parseDurationS } from '@humtemp/bucket-core';
import { StartError } from '../../start-error.js';
import { commandArguments } from '../command-arguments.js';

export const TOKEN_HELP = `humtemp token FILE NAME: adds a token for the HTTP API, and prints it

FILE is that of HUMTEMP_API_TOKENS_FILE; it is made if it is not there. It holds a hash of the token only: what is printed
now cannot be shown again. Running processes take the change within seconds.

  --labs LIST        only these labs: ids, and prefixes with * behind them, separated by commas (default: all)
  --expires WHEN     until then: a time such as 2027-01-01T00:00:00Z, or a duration such as 90d (default: for ever)
  --write            may also post observations (default: may only read)
  --delete           removes the token of this name
  --list             prints names and rights, one a line

  humtemp token tokens wall-display --labs 'library-20,floor-2/*'
  curl --header "Authorization: Bearer $(humtemp token tokens me --expires 1h)" http://127.0.0.1:8000/labs
  humtemp token tokens wall-display --delete
`;

export type TokenOptions =
  | { readonly action: 'list'; readonly file: string }
  | { readonly action: 'delete'; readonly file: string; readonly name: string }
  | { readonly action: 'add'; readonly file: string; readonly name: string; readonly rights: TokenRights };

/**
 * Options of `humtemp token`.
 * @throws StartError naming the first that is wrong and what was expected.
 */
export function parseTokenArguments(argv: readonly string[], nowMs: number): TokenOptions {
  const { values, positionals } = commandArguments('token', argv, {
    labs: { type: 'string' },
    expires: { type: 'string' },
    write: { type: 'boolean' },
    delete: { type: 'boolean' },
    list: { type: 'boolean' },
  });
  const [file, name, third] = positionals;
  const given = (['delete', 'list', 'labs', 'expires', 'write'] as const).filter(
    (key) => values[key] !== undefined,
  );
  const [first, second] = given;
  if (second !== undefined && (first === 'delete' || first === 'list'))
    throw new StartError(`--${first} and --${second}: expected one of them`);
  if (file === undefined) throw new StartError('which file? humtemp token FILE NAME');
  if (first === 'list') {
    if (name !== undefined) throw new StartError(`--list takes a file only, not ${name}`);
    return { action: 'list', file };
  }
  if (name === undefined) throw new StartError(`which name? humtemp token ${file} NAME`);
  if (third !== undefined) throw new StartError(`one token at a time: ${name} or ${third}`);
  if (!TOKEN_NAME_PATTERN.test(name))
    throw new StartError(`${JSON.stringify(name.slice(0, 100))}: expected a name of ${TOKEN_NAME_EXPECTED}`);
  if (first === 'delete') return { action: 'delete', file, name };
  return {
    action: 'add',
    file,
    name,
    rights: {
      mayWrite: values.write === true,
      labs: optional('--labs', values.labs, parseLabs) ?? EVERY_LAB,
      expiresMs:
        optional('--expires', values.expires, (text) => parseWhen(text, nowMs)) ?? Number.POSITIVE_INFINITY,
    },
  };
}

function optional<T>(option: string, text: string | undefined, parse: (text: string) => T): T | undefined {
  try {
    return text === undefined ? undefined : parse(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StartError(`${option} ${text}: expected ${error.message}`, { cause: error });
  }
}

/** RFC 3339 ends here. */
const YEAR_10000_MS = Date.UTC(10_000, 0);

/** Unix milliseconds. @throws RangeError saying what was expected. */
function parseWhen(text: string, nowMs: number): number {
  const ms = /^\d+[a-z]$/.test(text) ? nowMs + parseDurationS(text) * 1000 : parseExpiry(text);
  if (!(ms > nowMs && ms < YEAR_10000_MS)) throw new RangeError('a time to come, before the year 10000');
  return ms;
}
