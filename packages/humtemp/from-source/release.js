// `npm run release -- VERSION`: writes the version wherever it stands, dates the changelog, commits and tags. It pushes nothing.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './workspace.js';

/** Where a version stands besides package.json files: what stands before it, and what behind it. */
const PLACES = [
  ['deploy/helm/humtemp/Chart.yaml', 'ersion: ', ''],
  ['deploy/helm/humtemp/values.yaml', '  tag: "', '"'],
  ['docker/Dockerfile', 'ARG VERSION=', ''],
  ...['README.md', 'docs/operations.md', 'docs/raspberry-pi.md', 'docs/systemd/humtemp.service'].map(
    (file) => [file, 'humtemp-', '.tgz'],
  ),
];
const UNRELEASED = /^## Unreleased.*$/m;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { root: { type: 'string', default: ROOT } },
});
const root = values.root;
try {
  release(positionals[0] ?? '');
} catch (error) {
  console.error(`release: ${/** @type {Error} */ (error).message}`);
  process.exitCode = 1;
}

/** @param {string} version */
function release(version) {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error('expected a version: npm run release -- 1.2.3');
  if (git('status', '--porcelain') !== '')
    throw new Error('the tree has changes: commit them, or put them away');
  if (git('rev-parse', '--abbrev-ref', 'HEAD') !== 'main') throw new Error('releases are made on main');
  if (git('tag', '--list', `v${version}`) !== '') throw new Error(`there is a tag v${version} already`);
  const changelog = readFileSync(join(root, 'docs/CHANGELOG.md'), 'utf8');
  const [, news = ''] = changelog.split(UNRELEASED);
  if ((news.split(/^## /m)[0] ?? '').trim() === '')
    throw new Error('docs/CHANGELOG.md has nothing under "## Unreleased"');
  const folders = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`);
  for (const folder of [...folders, 'deploy/aws'])
    edit(`${folder}/package.json`, /^ {2}"version": ".*",$/m, `  "version": "${version}",`);
  for (const [file = '', before = '', behind = ''] of PLACES)
    edit(file, new RegExp(`(?<=${before})\\d+\\.\\d+\\.\\d+(?=${behind})`, 'g'), version);
  const date = new Date().toISOString().slice(0, 10);
  edit('docs/CHANGELOG.md', UNRELEASED, `## Unreleased\n\n## ${version} (${date})`);
  git('commit', '--quiet', '--all', '--message', `release ${version}`);
  git('tag', '--annotate', `v${version}`, '--message', `humtemp ${version}`);
  console.log(`v${version} is committed and tagged here. Look at it, then: git push origin main v${version}`);
}

/** @param {string} file @param {RegExp} pattern @param {string} text */
function edit(file, pattern, text) {
  const path = join(root, file);
  const before = readFileSync(path, 'utf8');
  const after = before.replace(pattern, text);
  if (before.search(pattern) === -1) throw new Error(`${file}: no version in it`);
  writeFileSync(path, after);
}

/** @param {string[]} words */
function git(...words) {
  const { status, stdout, stderr } = spawnSync('git', ['-C', root, ...words], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`git ${words[0]}: ${stderr.trim()}`);
  return stdout.trim();
}
