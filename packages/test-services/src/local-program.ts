import { installDebianPackages } from './debian-packages.js';
import { installedProgram } from './installed-program.js';
import { fromFirstSource } from './program-source.js';

/**
 * Path of a program that has to run on this machine, from PATH or Debian's packages whatever the servers come from.
 * @param packages Debian's that hold it; by default those of the servers and their clients.
 * @throws Error that says what to install
 */
export function localProgram(name: string, packages?: readonly string[]): Promise<string> {
  return fromFirstSource(name, ['path', 'debian'], async (source) => {
    if (source === 'debian') await installDebianPackages(packages);
    return installedProgram(name);
  });
}
