// What a step was done with the last time, so that it is not repeated.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const FOLDER = dirname(fileURLToPath(import.meta.url));

const OUTPUTS = new Set(['dist', 'node_modules', 'generated']);
/** Names the exact version of every library. */
const LOCKFILE = join(FOLDER, '..', '..', 'pnpm-lock.yaml');

/** A page takes this package in. */
const CLIENT = join(FOLDER, '..', 'client');

/** The content of every file of this package and of the client that is not made, and of the lockfile, as one word. */
export function inputs() {
  const hash = createHash('sha256');
  for (const file of [...filesOf(FOLDER), ...filesOf(CLIENT), ...(existsSync(LOCKFILE) ? [LOCKFILE] : [])])
    hash.update(`\n${relative(FOLDER, file)}\n`).update(readFileSync(file));
  return hash.digest('hex');
}

/** @param {string} step @param {string} content */
export function isStamped(step, content) {
  const file = stampFile(step);
  return existsSync(file) && readFileSync(file, 'utf8') === content;
}

/** @param {string} step @param {string} content */
export function stamp(step, content) {
  mkdirSync(join(FOLDER, 'dist'), { recursive: true });
  writeFileSync(stampFile(step), content);
}

/** @param {string} step */
function stampFile(step) {
  return join(FOLDER, 'dist', `${step}.stamp`);
}

/** @param {string} folder @returns {string[]} */
function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !OUTPUTS.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesOf(path) : [path];
    })
    .sort();
}
