import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian and Homebrew put servers, beside what is on an ordinary user's PATH. */
const FOLDERS_BESIDE_PATH = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin'];

/** Path of an installed program, if it is. */
export function findProgram(name: string): string | undefined {
  return [...(process.env.PATH ?? '').split(delimiter), ...FOLDERS_BESIDE_PATH]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** Its version as it says it, or "not installed". */
export function versionOf(name: string, argument: string): string {
  const program = findProgram(name);
  if (program === undefined) return `${name} not installed`;
  // mosquitto -h says it and fails.
  const output = outputOf(program, argument);
  return `${name} ${/(?:v=|version )(\d[\w.-]*)/.exec(output)?.[1] ?? 'of unknown version'}`;
}

function outputOf(program: string, argument: string): string {
  try {
    return execFileSync(program, [argument], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout ?? '');
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
