// Makes dist/site of the sources. Needs nothing but this package's own dependencies.
import { join } from 'node:path';
import { FOLDER, inputs, isStamped, stamp } from './build-stamp.js';

/** Bundles the page, if that has not been done with the same inputs. */
export async function buildSite() {
  const files = inputs();
  if (isStamped('site', files)) return;
  const { build } = await import('vite');
  await build({ root: FOLDER, configFile: join(FOLDER, 'vite.config.js'), logLevel: 'warn' });
  stamp('site', files);
}
