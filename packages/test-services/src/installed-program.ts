import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SourceUnavailable } from './program-source.js';

/** Debian and Homebrew put mosquitto where an ordinary user's PATH does not look. */
const foldersBesidePath = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin'];

/**
 * Path of a program that is installed on this machine.
 * @throws SourceUnavailable when it is not
 */
export function installedProgram(name: string): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...foldersBesidePath];
  const path = folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
  if (!path) throw new SourceUnavailable(`${name} is not on PATH, nor in ${foldersBesidePath.join(', ')}`);
  return path;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
