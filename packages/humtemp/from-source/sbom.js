// What is in a packed humtemp, as a bill of materials in the form of CycloneDX 1.6.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './workspace.js';

/** What makes pages, and is not in them. */
const BUILDERS = new Set(['vite']);

/**
 * The packages of a folder and what was built into pages, with versions, licences, hashes of the lockfile, and who needs whom.
 * @param {string} stage the folder of humtemp, with node_modules
 * @param {string[]} names of the packages in it
 * @returns {object}
 */
export function billOfMaterials(stage, names) {
  const hashes = hashesOf(readFileSync(join(ROOT, 'pnpm-lock.yaml'), 'utf8'));
  const humtemp = manifestIn(stage);
  const packed = names.map((name) => manifestIn(join(stage, 'node_modules', name)));
  const built = packed.flatMap(builtInto);
  const all = [...packed, ...built.filter(({ name }) => !names.includes(name))];
  const refs = new Map(all.map((manifest) => [manifest.name, refOf(manifest)]));
  const needs = (/** @type {Manifest} */ manifest) => ({
    ref: refOf(manifest),
    dependsOn: Object.keys(manifest.dependencies ?? {}).flatMap((name) => refs.get(name) ?? []),
  });
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { ...componentOf(humtemp, hashes), type: 'application' } },
    components: all.map((manifest) => componentOf(manifest, hashes)),
    dependencies: [humtemp, ...all].map(needs),
  };
}

/** @typedef {{ name: string, version: string, license?: string, dependencies?: Record<string, string> }} Manifest */

/** @param {string} folder @returns {Manifest} */
function manifestIn(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** Of a page: what its files are made of, which is not installed beside it. @param {Manifest} manifest @returns {Manifest[]} */
function builtInto({ name, dependencies = {} }) {
  const source = join(ROOT, 'packages', name.replace('@humtemp/', ''));
  if (!name.startsWith('@humtemp/') || !existsSync(join(source, 'build.js'))) return [];
  const found = new Map();
  const visit = (/** @type {string} */ from, /** @type {string[]} */ wanted) => {
    for (const needed of wanted) {
      const folder = installedAt(from, needed);
      if (folder === undefined || found.has(needed)) continue;
      const manifest = manifestIn(folder);
      found.set(needed, manifest);
      visit(folder, Object.keys(manifest.dependencies ?? {}));
    }
  };
  visit(
    source,
    Object.keys(dependencies).filter((wanted) => !BUILDERS.has(wanted)),
  );
  return [...found.values()];
}

/** Where a package finds another, as Node looks for it. @param {string} from @param {string} name */
function installedAt(from, name) {
  for (let folder = realpathSync(from); folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(candidate)) return realpathSync(candidate);
  }
  return undefined;
}

/** @param {Manifest} manifest @param {Map<string, string>} hashes */
function componentOf({ name, version, license }, hashes) {
  const [group, bare] = name.startsWith('@') ? name.split('/') : [undefined, name];
  const sha512 = hashes.get(`${name}@${version}`);
  return {
    type: 'library',
    'bom-ref': refOf({ name, version }),
    ...(group && { group }),
    name: bare,
    version,
    ...(sha512 && { hashes: [{ alg: 'SHA-512', content: sha512 }] }),
    ...(license && { licenses: licencesOf(license) }),
    purl: refOf({ name, version }),
  };
}

/** @param {string} license */
function licencesOf(license) {
  return / /.test(license) ? [{ expression: license }] : [{ license: { id: license } }];
}

/** @param {{ name: string, version: string }} manifest */
function refOf({ name, version }) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** SHA-512 in hex of what the registry served, by `name@version`. @param {string} lockfile */
function hashesOf(lockfile) {
  const lines = lockfile.matchAll(/^ {2}'?([^'\n]+?)'?:\n {4}resolution: \{integrity: sha512-([^}]+)\}/gm);
  return new Map(
    [...lines].map(([, id = '', hash = '']) => [id, Buffer.from(hash, 'base64').toString('hex')]),
  );
}
