// Makes dist/ of the running packages from src/, if that has not been done: without types, in a moment.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
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

const STAMP = join(ROOT, 'packages', 'humtemp', 'dist', '.humtemp-built');

/** @param {(line: string) => void} say is called once, if there is something to do. */
export async function transpile(say) {
  const packages = runningPackages().filter((folder) => !buildsItself(folder));
  const sources = contentOf([import.meta.filename, ...packages.flatMap(sourcesOf)].filter(isFile));
  const stamp = readStamp(STAMP);
  // Who compiles with the developers' tools changes dist/, too.
  if (stamp?.sources === sources && stamp.results === listingOf(packages.flatMap(resultsOf))) return;
  say('humtemp: building …');
  const { build } = await import('esbuild');
  for (const folder of packages)
    try {
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
    } catch (error) {
      throw new PrepareError(`${error.message}\nhumtemp: could not build ${folder}.`);
    }
  writeStamp(STAMP, { sources, results: listingOf(packages.flatMap(resultsOf)) });
}

/** The dashboard is bundled: see `buildSite`. @param {string} folder */
function buildsItself(folder) {
  return existsSync(join(folder, 'build-site.js'));
}

/** @param {unknown} file */
function isFile(file) {
  return typeof file === 'string';
}

/** @param {string} folder */
function sourcesOf(folder) {
  return filesBelow(join(folder, 'src')).filter(
    (file) => file.endsWith('.ts') && !/\.(test|suite|d)\.ts$/.test(file),
  );
}

/** @param {string} folder */
function resultsOf(folder) {
  return filesBelow(join(folder, 'dist')).filter((file) => file.endsWith('.js'));
}
