import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '@humtemp/test-services';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SCRIPT = join(ROOT, 'packages/humtemp/from-source/release.js');
const FILES = [
  'packages/humtemp/package.json',
  'deploy/aws/package.json',
  'deploy/helm/humtemp/Chart.yaml',
  'deploy/helm/humtemp/values.yaml',
  'docker/Dockerfile',
  'README.md',
  'docs/operations.md',
  'docs/raspberry-pi.md',
  'docs/systemd/humtemp.service',
];

test('a release has its version everywhere, a date in the changelog and a tag, and refuses a tree with changes', async (t) => {
  const folder = await temporaryFolder('release');
  t.after(() => folder.remove());
  const root = folder.path;
  const git = (...words: string[]) =>
    spawnSync('git', ['-C', root, '-c', 'user.name=x', '-c', 'user.email=x@x', ...words], {
      encoding: 'utf8',
    });
  const release = (version: string) =>
    spawnSync(process.execPath, [SCRIPT, version, '--root', root], { encoding: 'utf8' });
  const text = (file: string) => readFileSync(join(root, file), 'utf8');

  for (const file of FILES) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    cpSync(join(ROOT, file), join(root, file));
  }
  writeFileSync(
    join(root, 'docs/CHANGELOG.md'),
    '# Changelog\n\n## Unreleased (0.1.0)\n\n- Something new.\n',
  );
  git('init', '--quiet', '--initial-branch', 'main');
  git('config', 'user.name', 'x');
  git('config', 'user.email', 'x@x');
  assert.match(release('9.8.7').stderr, /the tree has changes/);
  git('add', '--all');
  git('commit', '--quiet', '--message', 'all');
  assert.match(release('nine').stderr, /expected a version/);

  const { stdout, stderr } = release('9.8.7');
  assert.match(stdout, /v9\.8\.7 is committed and tagged/, stderr);
  for (const file of FILES) assert.match(text(file), /9\.8\.7/, file);
  assert.match(
    text('docs/CHANGELOG.md'),
    /^## Unreleased\n\n## 9\.8\.7 \(\d{4}-\d\d-\d\d\)\n\n- Something new\.$/m,
  );
  assert.equal(git('status', '--porcelain').stdout, '');
  assert.equal(git('describe', '--exact-match').stdout.trim(), 'v9.8.7');
  assert.match(release('9.8.8').stderr, /nothing under "## Unreleased"/);
});
