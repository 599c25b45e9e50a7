import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { midBucket } from '@humtemp/test-services';
import { cleanClone } from './clean-clone.js';
import { freePorts, HumtempProcess } from './humtemp-process.js';

const run = promisify(execFile);

/** Nobody listens there. */
const WITHOUT_REGISTRY = { ...process.env, npm_config_registry: 'http://127.0.0.1:9' };

interface BillOfMaterials {
  readonly bomFormat: string;
  readonly components: readonly {
    readonly purl: string;
    readonly hashes?: readonly { readonly content: string }[];
    readonly licenses: readonly unknown[];
  }[];
}

test('humtemp packed into one file is installed by one command without a registry, and runs', async (t) => {
  const folder = await cleanClone(t);
  const { stdout } = await run('npm', ['run', '--silent', 'pack'], { cwd: folder.path });
  const file = stdout.trim();
  assert.match(file, /humtemp-\d+\.\d+\.\d+\.tgz$/);

  const prefix = join(folder.path, 'installed');
  const options = ['--no-audit', '--no-fund', '--ignore-scripts'];
  await run('npm', ['install', '--prefix', prefix, ...options, file], { env: WITHOUT_REGISTRY });
  const files = await readdir(join(prefix, 'node_modules', 'humtemp'), { recursive: true });
  assert.deepEqual(
    files.filter((name) => /\.(test|suite)\.js$|\.map$|\.ts$|^typescript/.test(name)),
    [],
  );
  const licence = await readFile(join(prefix, 'node_modules', 'humtemp', 'LICENSE'), 'utf8');
  assert.match(licence, /MIT/);

  const bill = JSON.parse(
    await readFile(join(prefix, 'node_modules', 'humtemp', 'sbom.cdx.json'), 'utf8'),
  ) as BillOfMaterials;
  assert.equal(bill.bomFormat, 'CycloneDX');
  const listed = bill.components.map(({ purl }) => purl);
  const installed = files.filter((name) => /^node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/.test(name));
  assert.ok(installed.length > 50, `${installed.length}`);
  for (const file of installed) {
    const text = await readFile(join(prefix, 'node_modules', 'humtemp', file), 'utf8');
    const { name, version } = JSON.parse(text) as { name: string; version: string };
    assert.ok(
      listed.includes(`pkg:npm/${name.replace('@', '%40')}@${version}`),
      `${name} is not in the bill`,
    );
  }
  // The page is built of it, and no folder says so.
  assert.ok(listed.some((purl) => purl.startsWith('pkg:npm/uplot@')));
  for (const { purl, hashes, licenses } of bill.components) {
    assert.equal(licenses.length, 1, purl);
    if (!purl.includes('%40humtemp')) assert.match(hashes![0]!.content, /^[0-9a-f]{128}$/, purl);
  }

  const command = join(prefix, 'node_modules', '.bin', 'humtemp');
  const reading = [
    'explain',
    '--source',
    'tasmota',
    '--topic',
    'tele/a/SENSOR',
    '{"AM2301":{"Temperature":21.5}}',
  ];
  const explained = await run(command, reading);
  assert.match(explained.stdout, /21\.5 °C/);

  const ports = await freePorts();
  const humtemp = new HumtempProcess(
    ['start'],
    { ...ports.env, ...midBucket().env, HUMTEMP_DATA_DIR: join(folder.path, 'data') },
    command,
  );
  t.after(() => humtemp.kill());
  await humtemp.ready(ports.baseUrl);
  const posted = await fetch(`${ports.baseUrl}/observation`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ lab_id: 'library-20', temp: 22.08, humidity: 51.53 }),
  });
  assert.equal(posted.status, 200, await posted.text());
  const summary = await (await fetch(`${ports.baseUrl}/summary?offset=0`)).json();
  assert.deepEqual(summary, [{ lab_id: 'library-20', avg_temp: 22.08, avg_humidity: 51.53 }]);
  for (const path of ['/docs', '/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js', '/openapi.json'])
    assert.equal((await fetch(`${ports.baseUrl}${path}`)).status, 200, path);
  const page = await fetch(`${ports.baseUrl}/`, { headers: { accept: 'text/html' } });
  assert.match(await page.text(), /<script type="module"/);
  await humtemp.stop();
});
