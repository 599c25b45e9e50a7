// `npm run pack [-- --into FOLDER]`: humtemp as one file, which npm installs.
// Everything is in it, in the versions of the lockfile: an installation needs no registry.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PrepareError, pnpm } from './install.js';
import { prepare } from './prepare.js';
import { billOfMaterials } from './sbom.js';
import { filesBelow, ROOT } from './workspace.js';

/** The only files of this library that are read. */
const SWAGGER = /^(package\.json|LICENSE|swagger-ui\.css|swagger-ui-bundle\.js|favicon-32x32\.png)$/;
/** Of ours: what runs, and no tests. Of others: all but what only compilers and people read. */
const OURS =
  /^(package\.json|LICENSE|README\.md|bin\/.*|dist\/.*\.js|dist\/site\/.*|src\/.*\.lua|presets\/.*)$/;
const TEST = /\.(test|suite)\.js$/;
/** The same once more for `require`, which nobody calls, or for browsers. */
const TWICE = {
  '@sinclair/typebox': /^build\/cjs\//,
  'csv-parse': /^dist\//,
  hono: /^dist\/cjs\//,
  mqtt: /^dist\//,
  yaml: /^browser\//,
};
const UNREAD =
  /\.(test\.c?js|map|ts|mts|cts|flow|tsbuildinfo|md|markdown|yml)$|(^|\/)(test|tests|example|examples|benchmarks?)\//;

/** Hard links would let us change what other clones and the store of pnpm hold. */
const COPIES = ['--config.package-import-method=copy'];

const { values } = parseArgs({ options: { into: { type: 'string', default: ROOT } } });
await prepare('run');
const scratch = mkdtempSync(join(tmpdir(), 'humtemp-pack-'));
try {
  console.log(pack(join(scratch, 'package'), resolve(values.into)));
} catch (error) {
  if (!(error instanceof PrepareError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** @param {string} stage @param {string} into @returns {string} the path of the file */
function pack(stage, into) {
  pnpm([
    '--filter',
    'humtemp',
    'deploy',
    '--legacy',
    '--prod',
    '--prefer-offline',
    '--config.node-linker=hoisted',
    ...COPIES,
    stage,
  ]);
  for (const name of ['LICENSE', 'README.md']) replace(join(stage, name), readFileSync(join(ROOT, name)));
  const modules = join(stage, 'node_modules');
  const needed = closureOf(modules, Object.keys(manifestIn(stage, '.').dependencies));
  for (const name of readdirSync(modules).filter((name) => name.startsWith('.'))) remove(join(modules, name));
  for (const name of packagesIn(modules)) {
    if (needed.includes(name)) prune(join(modules, name), name);
    else remove(join(modules, name));
  }
  prune(stage, 'humtemp');
  for (const name of ['src', 'from-source']) remove(join(stage, name));
  const bundled = packagesIn(modules);
  writeFileSync(
    join(stage, 'sbom.cdx.json'),
    `${JSON.stringify(billOfMaterials(stage, bundled), null, 2)}\n`,
  );
  for (const name of bundled) withoutDependencies(join(modules, name, 'package.json'));
  writeManifest(join(stage, 'package.json'), bundled);
  return archive(stage, into);
}

/** These packages and all that they need. @param {string} modules @param {string[]} names */
function closureOf(modules, names) {
  const found = new Set(names);
  for (const name of found) {
    // A page is built, and needs nothing more.
    if (existsSync(join(modules, name, 'dist', 'site'))) continue;
    const { dependencies = {} } = manifestIn(modules, name);
    // The workspace leaves out what only counts installations.
    for (const needed of Object.keys(dependencies))
      if (!needed.startsWith('@types/') && existsSync(join(modules, needed))) found.add(needed);
  }
  return [...found].sort();
}

/** @param {string} modules @param {string} name */
function manifestIn(modules, name) {
  return JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'));
}

/** @param {string} modules @returns {string[]} */
function packagesIn(modules) {
  return readdirSync(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
    );
}

/** Removes the files of a package that do not run. @param {string} folder @param {string} name */
function prune(folder, name) {
  const isOurs = name === 'humtemp' || name.startsWith('@humtemp/');
  // Sources come last.
  for (const file of filesBelow(folder)) {
    const path = relative(folder, file);
    const stays = isOurs
      ? OURS.test(path) && !TEST.test(path) && hasSource(folder, path)
      : name === 'swagger-ui-dist'
        ? SWAGGER.test(path)
        : isRead(path) && TWICE[name]?.test(path) !== true;
    if (!stays) remove(file);
  }
}

/** Files of sources that are gone may still lie in dist/. @param {string} folder @param {string} path */
function hasSource(folder, path) {
  const source = path.replace(/^dist\/(.*)\.js$/, 'src/$1.ts');
  return path.startsWith('dist/site/') || existsSync(join(folder, source));
}

/** @param {string} path */
function isRead(path) {
  return !UNREAD.test(path) || /licen[cs]e/i.test(basename(path));
}

/** What is bundled is there: npm has nothing to look for. @param {string} file */
function withoutDependencies(file) {
  const { dependencies, devDependencies, optionalDependencies, peerDependencies, scripts, ...manifest } =
    JSON.parse(readFileSync(file, 'utf8'));
  replace(file, `${JSON.stringify(manifest, null, 2)}\n`);
}

/** @param {string} file @param {string[]} bundled */
function writeManifest(file, bundled) {
  const {
    private: _,
    devDependencies,
    dependencies,
    dependenciesMeta,
    ...manifest
  } = JSON.parse(readFileSync(file, 'utf8'));
  const ofBundled = Object.fromEntries(
    bundled.map((name) => [name, manifestIn(join(dirname(file), 'node_modules'), name).version]),
  );
  const whole = {
    ...manifest,
    dependencies: ofBundled,
    bundleDependencies: bundled,
  };
  replace(file, `${JSON.stringify(whole, null, 2)}\n`);
}

/**
 * npm pack fails on a package that has its dependencies with it.
 * @param {string} stage
 * @param {string} into
 */
function archive(stage, into) {
  const { name, version } = JSON.parse(readFileSync(join(stage, 'package.json'), 'utf8'));
  const file = join(into, `${name}-${version}.tgz`);
  const { status, error, stderr } = spawnSync('tar', ['-czf', file, '-C', dirname(stage), 'package'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new PrepareError(`humtemp: tar failed: ${error?.message ?? stderr}`);
  return file;
}

/**
 * Never writes into what stands there: other names may lead to it.
 * @param {string} file
 * @param {string | Buffer} content
 */
function replace(file, content) {
  remove(file);
  writeFileSync(file, content);
}

/** @param {string} path */
function remove(path) {
  rmSync(path, { recursive: true, force: true });
}
