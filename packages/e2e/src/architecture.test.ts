import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/**
 * Where the walls of the house stand. docs/architecture.md draws them; what is not drawn fails here.
 */
const PACKAGES = fileURLToPath(new URL('../../', import.meta.url));

/** What a package of the product may import of the others. Tests may import test-services besides. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'bucket-core': [],
  'watched-files': [],
  intake: ['bucket-core'],
  sources: ['bucket-core'],
  broker: ['bucket-core', 'intake', 'watched-files'],
  worker: ['bucket-core', 'intake', 'watched-files'],
  api: ['bucket-core', 'intake', 'watched-files'],
  client: [],
  humtemp: ['bucket-core', 'intake', 'sources', 'broker', 'worker', 'api', 'dashboard', 'watched-files'],
};
const PRODUCT = Object.keys(MAY_IMPORT);

/** Only tests have these endings, and what somebody runs by hand. */
const TEST = /(\.(test|suite|fixture)|-main)\.ts$/;
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;
const TYPE_IMPORT = /(?:^|\n)\s*(?:import|export)\s+type\s[^'"]*?['"][^'"]+['"]/g;

const sourcesOf = (name: string): string[] =>
  readdirSync(join(PACKAGES, name, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !TEST.test(file))
    .map((file) => join(PACKAGES, name, 'src', file));

const textOf = (file: string): string => readFileSync(file, 'utf8');

/** What a file imports, as written; without what is types only if that is asked for. */
function importsOf(file: string, types = true): string[] {
  const text = types ? textOf(file) : textOf(file).replace(TYPE_IMPORT, '');
  return [...text.matchAll(IMPORT)].map((match) => (match[1] ?? match[2])!);
}

const shown = (file: string): string => relative(PACKAGES, file);

test('a package imports only those that stand below it', () => {
  const wrong = PRODUCT.flatMap((name) =>
    sourcesOf(name).flatMap((file) =>
      importsOf(file)
        .map((imported) => imported.match(/^@humtemp\/([\w-]+)/)?.[1])
        .filter((other) => other !== undefined && other !== name && !MAY_IMPORT[name]!.includes(other))
        .map((other) => `${shown(file)} imports ${other}`),
    ),
  );
  assert.deepEqual(wrong, []);
});

test('a package declares what it imports, and imports what it declares', () => {
  for (const name of PRODUCT) {
    const { dependencies = {} } = JSON.parse(textOf(join(PACKAGES, name, 'package.json'))) as {
      dependencies?: Record<string, string>;
    };
    const imported = new Set(
      sourcesOf(name)
        .flatMap((file) => [
          ...importsOf(file),
          ...[...textOf(file).matchAll(/resolve\(\s*[`'"]([^`'"]+)/g)].map((match) => match[1]!),
        ])
        .filter((from) => !/^(\.|node:)/.test(from))
        .map((from) => from.match(/^(@[^/]+\/)?[^/]+/)![0]),
    );
    assert.deepEqual(
      Object.keys(dependencies).sort(),
      [...imported].filter((one) => one !== `@humtemp/${name}`).sort(),
      name,
    );
  }
});

test('no files import each other in a circle', () => {
  for (const name of PRODUCT) assert.deepEqual(circlesOf(sourcesOf(name)), [], name);
});

test('the core has neither input nor output, clock nor environment', () => {
  const wrong = [...reachable(join(PACKAGES, 'bucket-core', 'src', 'index.ts'))].flatMap((file) => {
    const effects =
      textOf(file).match(
        /\bprocess\.(?:env|argv|std|exit|on|pid|hrtime|cwd|nextTick)|\bDate\.now\(|\bMath\.random\(|\bperformance\./g,
      ) ?? [];
    const modules = importsOf(file, false).filter((from) =>
      /^node:(?!crypto$|buffer$)|^ioredis|^lmdb/.test(from),
    );
    return [...effects, ...modules].map((what) => `${shown(file)}: ${what}`);
  });
  assert.deepEqual(wrong, []);
});

test('only keys.ts spells the keys of Redis', () => {
  const wrong = sourcesOf('bucket-core')
    .filter((file) => file.includes('/redis/') && !file.endsWith('/keys.ts'))
    .filter((file) => /\$\{[\w.]*prefix\}[\w:{]/.test(textOf(file)))
    .map(shown);
  assert.deepEqual(wrong, []);
});

test('only the configuration reads the environment', () => {
  const wrong = PRODUCT.flatMap(sourcesOf)
    .filter((file) => !file.includes('/humtemp/src/config/'))
    .filter((file) => /\bprocess\.env\b/.test(textOf(file)))
    .map(shown);
  assert.deepEqual(wrong, []);
});

/** The file that a relative import names. */
function resolved(file: string, from: string): string | undefined {
  if (!from.startsWith('.')) return undefined;
  const path = join(dirname(file), from.replace(/\.js$/, '.ts'));
  return existsSync(path) ? path : undefined;
}

function reachable(start: string): Set<string> {
  const found = new Set([start]);
  for (const file of found)
    for (const from of importsOf(file, false)) {
      const path = resolved(file, from);
      if (path !== undefined) found.add(path);
    }
  return found;
}

/** Each circle once, as the files on it. What is imported for its type alone is not loaded. */
function circlesOf(files: readonly string[]): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].map(shown).join(' → '));
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const from of importsOf(file, false)) {
      const next = resolved(file, from);
      if (next !== undefined) visit(next);
    }
    path.pop();
    done.add(file);
  };
  for (const file of files) visit(file);
  return circles;
}
