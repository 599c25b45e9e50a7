import { localProgram } from './local-program.js';

/**
 * Path of one of Mosquitto's command-line programs.
 * @throws Error that says what to install
 */
export function mosquittoClient(
  name: 'mosquitto_pub' | 'mosquitto_sub' | 'mosquitto_passwd',
): Promise<string> {
  return localProgram(name);
}
