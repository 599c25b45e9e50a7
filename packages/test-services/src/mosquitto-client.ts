import { installDebianPackages } from './debian-packages.js';
import { installedProgram } from './installed-program.js';
import { fromFirstSource } from './program-source.js';

/**
 * Path of one of Mosquitto's command-line programs, from PATH or Debian's packages whatever the servers come from:
 * they have to run on this machine.
 * @throws Error that says what to install
 */
export function mosquittoClient(
  name: 'mosquitto_pub' | 'mosquitto_sub' | 'mosquitto_passwd',
): Promise<string> {
  return fromFirstSource(name, ['path', 'debian'], async (source) => {
    if (source === 'debian') await installDebianPackages();
    return installedProgram(name);
  });
}
