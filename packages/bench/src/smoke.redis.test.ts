import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Churned } from './churn-once.js';
import type { Ingested } from './ingest-once.js';
import { assertLeftOut, MAIN, roundsOf, smoke } from './smoke.fixture.js';

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
  ['worker', ['mqtt.js message event', '30 lines, Redis', 'tap, a store that counts', 'tap, Redis']],
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
