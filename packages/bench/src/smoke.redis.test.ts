import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from '@humtemp/test-services';
import type { Churned } from './churn-once.js';
import type { Ingested } from './ingest-once.js';
import type { Report } from './scenario.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const withoutProc = existsSync('/proc/self/stat') ? false : 'there is no /proc';

for (const [name, observations] of [
  ['ingest-pipelined', 5000],
  ['ingest-many', 2000],
] as const)
  for (const qos of ['1', '0'])
    test(`${name} still runs, small, at QoS ${qos}`, async () => {
      const report = await smoke(name, '--qos', qos);
      for (const peer of ['humtemp', 'aedes', 'Mosquitto', 'Mosquitto+worker+Redis']) {
        const [round] = roundsOf<Ingested>(report, peer) ?? [];
        if (round === undefined) assertLeftOut(report, peer);
        else {
          assert.equal(round.publishes, observations);
          assert.ok(round.publishesPerS > 0);
          if (qos === '1' || peer === 'humtemp') assert.equal(round.lost, 0);
        }
      }
    });

test('idle still runs, small', { skip: withoutProc }, async () => {
  const report = await smoke('idle');
  assert.ok(roundsOf(report, 'humtemp') && roundsOf(report, 'aedes'));
});

test('churn still runs, small, commits what it published and leaves no handle open', {
  skip: withoutProc,
}, async () => {
  const report = await smoke('churn');
  const [round] = roundsOf<Churned>(report, 'humtemp')!;
  assert.equal(round!.published, 200);
  assert.equal(round!.committed, 200);
  assert.ok(round!.handles.after <= round!.handles.before);
});

for (const [name, rows] of [
  ['worker', ['mqtt.js message event', 'tap, a store that counts', 'tap, Redis']],
  ['latency', ['a bare EVALSHA', 'observation committed']],
] as const)
  test(`${name} still runs, small`, async () => {
    const report = await smoke(name);
    assert.deepEqual(
      report.rows.map(([first]) => first),
      rows,
    );
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

async function smoke(name: string, ...more: readonly string[]): Promise<Report> {
  const folder = await temporaryFolder();
  const json = join(folder.path, 'bench.json');
  try {
    const args = [MAIN, name, '--size', 'smoke', '--json', json, ...more];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 90_000 });
    const { scenarios } = JSON.parse(readFileSync(json, 'utf8')) as { scenarios: Record<string, Report> };
    const report = scenarios[name]!;
    for (const row of report.rows) assert.ok(stdout.includes(`| ${row.join(' | ')} |`), stdout);
    assert.deepEqual(report.failures, []);
    return report;
  } finally {
    await folder.remove();
  }
}

/** Undefined: the peer was left out. */
function roundsOf<T>({ figures }: Report, peer: string): readonly T[] | undefined {
  const { turns } = figures as { turns: readonly { peer: string; rounds: readonly T[] }[] };
  return turns.find((turn) => turn.peer === peer)?.rounds;
}

function assertLeftOut({ notes }: Report, peer: string): void {
  assert.ok(
    notes.some((note) => note.startsWith(`${peer}: left out`)),
    notes.join('\n'),
  );
}

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
