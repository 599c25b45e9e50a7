import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TemporaryFolder } from '@humtemp/test-services';
import { cleanClone } from './clean-clone.js';

/** Nobody listens there, as behind a cut line. */
const NO_REGISTRY = { npm_config_registry: 'http://127.0.0.1:9' };

test('npm start installs and builds once, and starts without a network from then on', async (t) => {
  const folder = await cleanClone(t);
  const first = await greeted(t, folder, {});
  assert.match(first.stderr, /^humtemp: installing what it runs on, once \(some \d+ MB\) …\n(\{.*\n)*$/);
  for (const tool of ['typescript', '@biomejs', 'tsx'])
    await assert.rejects(readFile(join(folder.path, 'node_modules', tool, 'package.json')), {
      code: 'ENOENT',
    });

  // git clean removes what lies in the clone.
  assert.ok(
    first.stdout.includes(`embedded, in ${join(folder.path, 'state', 'humtemp')}; no lab yet`),
    first.stdout,
  );

  await mkdir(join(folder.path, 'humtemp-data'));
  const second = await greeted(t, folder, await emptyHome(folder));
  assert.match(second.stdout, /embedded, in \.\/humtemp-data;/);
  assert.match(second.stderr, /stop humtemp and move it/);
  assert.match(second.stderr, /mv \.\/humtemp-data \S+state\/humtemp/);
  assert.doesNotMatch(second.stderr, /installing|dashboard is not built/);

  // A change of the sources needs no network either.
  await appendFile(
    join(folder.path, 'packages/humtemp/src/start/greeting.ts'),
    "\nconsole.log('built anew');\n",
  );
  const third = await greeted(t, folder, await emptyHome(folder));
  assert.match(third.stdout, /built anew/);
});

test('npm start says in words that it cannot install, with the whole output, and fails', async (t) => {
  const folder = await cleanClone(t);
  const { stdout, stderr, exitCode } = await ended(start(t, folder, await emptyHome(folder)));
  assert.equal(exitCode, 1, stderr);
  assert.match(stderr, /ECONNREFUSED/);
  assert.match(stderr, /humtemp: could not install: it ended with exit code 1\./);
  assert.match(stderr, /npx --yes --prefer-offline pnpm@[\d.]+ install/);
  assert.doesNotMatch(stdout, /HTTP API/);
});

/** Neither a registry, nor what npm has kept of one. */
async function emptyHome(folder: TemporaryFolder): Promise<Record<string, string>> {
  const HOME = join(folder.path, 'node_modules', 'an-empty-home');
  await mkdir(HOME, { recursive: true });
  return { ...NO_REGISTRY, HOME, npm_config_cache: join(HOME, '.npm') };
}

interface Run {
  readonly child: ChildProcess;
  stdout: string;
  stderr: string;
}

function start(t: TestContext, folder: TemporaryFolder, env: Record<string, string>): Run {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(HUMTEMP|npm|NODE)_/.test(name));
  const child = spawn('npm', ['start'], {
    cwd: folder.path,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...Object.fromEntries(inherited),
      XDG_STATE_HOME: join(folder.path, 'state'),
      HUMTEMP_MQTT_PORT: '0',
      HUMTEMP_API_PORT: '0',
      ...env,
    },
  });
  const run: Run = { child, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    run.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    run.stderr += text;
  });
  t.after(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
  });
  return run;
}

async function ended(run: Run) {
  const [exitCode] = await once(run.child, 'close');
  return { ...run, exitCode };
}

/** Starts, waits for the greeting, and stops. */
async function greeted(t: TestContext, folder: TemporaryFolder, env: Record<string, string>) {
  const run = start(t, folder, env);
  const over = ended(run);
  const hasGreeted = new Promise<void>((resolve) => {
    run.child.stdout?.on('data', () => {
      if (run.stdout.includes('Ctrl-C stops')) resolve();
    });
  });
  await Promise.race([hasGreeted, over]);
  assert.match(run.stdout, /Ctrl-C stops/, run.stderr);
  // To the whole group, as a terminal does.
  process.kill(-run.child.pid!, 'SIGINT');
  const { stdout, stderr } = await over;
  return { stdout, stderr };
}
