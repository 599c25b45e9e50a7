// Makes dist/ of the running packages from src/, if that has not been done: without types, in a moment.
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrepareError } from './install.js';
import {
  contentOf,
  filesBelow,
  listingOf,
  ROOT,
  readStamp,
  runningPackages,
  writeStamp,
} from './workspace.js';

const MADE = /^(dist|node_modules)\/|\/generated\//;
const STAMP = join(ROOT, 'packages', 'humtemp', 'dist', '.humtemp-built');

/** Makes what is not made yet of the present sources. */
export async function transpile() {
  const packages = runningPackages();
  const sources = contentOf([fileURLToPath(import.meta.url), ...packages.flatMap(sourcesOf)]);
  const stamp = readStamp(STAMP);
  // Whoever compiles with the developers' tools changes dist/, too.
  if (stamp?.sources === sources && stamp.results === listingOf(packages.flatMap(resultsOf))) return;
  for (const folder of packages)
    try {
      if (isSite(folder)) await (await import(join(folder, 'build-site.js'))).buildSite();
      else await transpilePackage(folder);
    } catch (error) {
      throw new PrepareError(`${error.message}\nhumtemp: could not build ${folder}.`);
    }
  writeStamp(STAMP, { sources, results: listingOf(packages.flatMap(resultsOf)) });
}

/** @param {string} folder */
async function transpilePackage(folder) {
  const { build } = await import('esbuild');
  await build({
    entryPoints: sourcesOf(folder),
    outdir: join(folder, 'dist'),
    outbase: join(folder, 'src'),
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    logLevel: 'silent',
  });
}

/** A page for browsers, which builds itself. @param {string} folder */
function isSite(folder) {
  return existsSync(join(folder, 'build-site.js'));
}

/** @param {string} folder */
function sourcesOf(folder) {
  if (isSite(folder)) return filesBelow(folder).filter((file) => !MADE.test(relative(folder, file)));
  return filesBelow(join(folder, 'src')).filter(
    (file) => file.endsWith('.ts') && !/\.(test|suite|d)\.ts$/.test(file),
  );
}

/** @param {string} folder */
function resultsOf(folder) {
  return isSite(folder)
    ? filesBelow(join(folder, 'dist', 'site'))
    : filesBelow(join(folder, 'dist')).filter((file) => file.endsWith('.js'));
}
