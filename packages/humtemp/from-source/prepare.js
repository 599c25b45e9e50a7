import { install, PrepareError } from './install.js';
import { transpile } from './transpile.js';

/**
 * Leaves the clone ready to run, or ends the process with the whole output of what failed.
 * @param {'run' | 'all'} scope
 */
export async function prepare(scope) {
  try {
    install(scope, console.error);
    if (scope === 'run') {
      await transpile();
      const { buildSite } = await import('../../dashboard/build-site.js');
      await buildSite();
    }
  } catch (error) {
    if (!(error instanceof PrepareError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
