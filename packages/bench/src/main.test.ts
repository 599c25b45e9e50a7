import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { SCENARIOS } from './scenarios.js';
import { MAIN, withoutProc } from './smoke.fixture.js';

test('--help names every scenario', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--help']);
  for (const { name, summary } of SCENARIOS)
    assert.match(stdout, new RegExp(`^  ${name} +${summary.slice(0, 20)}`, 'm'));
});

test('a peer that the scenario does not have is refused, and those that it has are named', async () => {
  const { stderr } = await promisify(execFile)(process.execPath, [MAIN, 'idle', '--peers', 'humtmp']).then(
    () => assert.fail('it ran'),
    (error: { stderr: string }) => error,
  );
  assert.match(stderr, /no such peer: humtmp; there are humtemp, aedes, Mosquitto$/m);
});

test('Ctrl-C leaves nothing running', { skip: withoutProc }, async () => {
  const bench = spawn(process.execPath, [MAIN, 'churn', '--peers', 'humtemp', '--json', '/dev/null'], {
    stdio: 'ignore',
  });
  const exited = once(bench, 'exit');
  // The guard of the temporary folder, humtemp, and the load.
  const children = await until(
    () => childrenOf(bench.pid!),
    ({ length }) => length === 3,
  );
  bench.kill('SIGINT');
  assert.deepEqual(await exited, [130, null]);
  await until(
    () => children.filter((pid) => existsSync(`/proc/${pid}`)),
    ({ length }) => length === 0,
  );
});

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** @throws after 60 seconds */
async function until<T>(look: () => T, isRight: (seen: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 60_000; ; ) {
    const seen = look();
    if (isRight(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`in vain: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
