import { FileProblem, significantLines, trimmed } from '@humtemp/watched-files';
import { foreignHash, type PasswordHash, parsePasswordHash } from './password-hash.js';

/** The accounts of a password_file, by username. */
export type Accounts = ReadonlyMap<string, PasswordHash>;

const USERNAME_BYTES_MAX = 65_535;

/**
 * Reads a password_file: lines `username:hash`. Comments and blank lines are as in Mosquitto; of lines that Mosquitto
 * would skip or understand by chance, an error is made.
 * @throws FileProblem
 */
export function parsePasswordFile(content: string, file: string): Accounts {
  const accounts = new Map<string, PasswordHash>();
  for (const { number, text } of significantLines(content, file)) {
    const fail = (expected: string) => new FileProblem(file, number, `expected ${expected}`);
    const [username, hashText] = usernameAndHash(text);
    if (hashText === undefined) throw fail('username:hash');
    const problem = usernameProblem(username);
    if (problem !== undefined) throw fail(`a username ${problem}`);
    if (accounts.has(username)) throw fail(`each username once; ${username} has a line above`);
    const hash = parsePasswordHash(hashText);
    if (hash === undefined)
      throw fail(
        `$7$iterations$salt$hash or $6$salt$hash behind the username, as mosquitto_passwd writes it${instead(hashText)}`,
      );
    accounts.set(username, hash);
  }
  return accounts;
}

/** What a username must be and this one is not; undefined if it may stand in a password_file. */
export function usernameProblem(username: string): string | undefined {
  if (username === '') return 'of at least one character';
  if (username.includes(':')) return 'without a colon';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant.
  if (/[\x00-\x1f\x7f]/.test(username)) return 'without control characters';
  if (Buffer.byteLength(username) > USERNAME_BYTES_MAX) return `of at most ${USERNAME_BYTES_MAX} bytes`;
  if (username.startsWith('#')) return 'that does not start with #, which starts a comment';
  if (trimmed(username) !== username) return 'without spaces at its ends';
  if (!username.isWellFormed()) return 'in well-formed Unicode';
  // In a file it stands for what is not UTF-8.
  if (username.includes('\ufffd')) return 'without U+FFFD';
  return undefined;
}

/** The content with the account added, or its hash changed; all other lines stay as they are. */
export function withAccount(content: string, username: string, hash: PasswordHash): string {
  const line = `${username}:${hash.text}`;
  const lines = content.split('\n');
  const at = lines.findIndex((other) => isOf(other, username));
  if (at !== -1) lines[at] = lines[at]!.endsWith('\r') ? `${line}\r` : line;
  // A file that ends with a line break has an empty last line.
  else if (lines.at(-1) === '') lines.splice(-1, 0, line);
  else lines.push(line, '');
  return lines.join('\n');
}

/** The content without the account; all other lines stay as they are. */
export function withoutAccount(content: string, username: string): string {
  return content
    .split('\n')
    .filter((line) => !isOf(line, username))
    .join('\n');
}

function isOf(line: string, username: string): boolean {
  return !line.startsWith('#') && usernameAndHash(line)[0] === username;
}

function instead(hashText: string): string {
  const foreign = foreignHash(hashText);
  return foreign === undefined ? '' : `, not ${foreign}; mosquitto_passwd -H sha512-pbkdf2 writes that`;
}

function usernameAndHash(line: string): readonly [string, string | undefined] {
  const colon = line.indexOf(':');
  return colon === -1
    ? [trimmed(line), undefined]
    : [trimmed(line.slice(0, colon)), trimmed(line.slice(colon + 1))];
}
