import { localProgram } from './local-program.js';

const packages = ['chromium'];

/**
 * Path of Chromium, from PATH or Debian's package.
 * @throws Error that says what to install
 */
export function chromiumPath(): Promise<string> {
  return localProgram('chromium', packages);
}
