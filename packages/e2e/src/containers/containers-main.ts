/**
 * Builds the image and runs compose.yaml with three workers: a recording comes through exactly, also while workers and
 * broker are killed and restarted, and nothing is lost when all of it stops and starts.
 *
 *     npm run containers -- FILE.csv [--image TAG] [--mosquitto TAG]
 *
 * It needs Docker with its compose plugin, and Python. With --image nothing is built.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '@humtemp/test-services';
import { HumtempProcess } from '../humtemp-process.js';
import { check } from '../independent-check.js';
import { Compose, docker, imageReport } from './compose.js';

const WORKERS = 3;
/** Slow enough that the faults come in the midst of it. */
const ROWS_PER_S_UNDER_FAULTS = 600;
const FAULT_EVERY_MS = 2500;

// A fetch whose connection Docker's proxy closes may never settle, and does not keep Node 20 alive.
const alive = setInterval(() => {}, 1000);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { image: { type: 'string' }, mosquitto: { type: 'string' } },
});
const [file] = positionals;
if (file === undefined) throw new Error('npm run containers -- FILE.csv [--image TAG] [--mosquitto TAG]');

/** Mosquitto 2.0 forgets shared subscriptions when it ends (docs/losses.md). */
const mayBrokerEnd = values.mosquitto?.startsWith('2.0') !== true;
const LEDGER_MS_MAX = 180_000;

const image = values.image ?? 'humtemp:check';
if (values.image === undefined)
  await docker('build', '--file', 'docker/Dockerfile', '--tag', image, '--quiet', '.');
say('image', await imageReport(image));

const ports = { MQTT_PORT: `${await freePort()}`, API_PORT: `${await freePort()}` };
const compose = new Compose({
  ...ports,
  HUMTEMP_VERSION: image.split(':')[1]!,
  ...(values.mosquitto !== undefined && { MOSQUITTO_VERSION: values.mosquitto }),
});
const baseUrl = `http://127.0.0.1:${ports.API_PORT}`;

/** The recording, published to Mosquitto so that it ends now. */
function replayed(...options: readonly string[]) {
  const shiftTo = Math.floor(Date.now() / 1000);
  const to = ['--url', `mqtt://127.0.0.1:${ports.MQTT_PORT}`, '--api', baseUrl, '--shift-to', `${shiftTo}`];
  const run = new HumtempProcess(['replay', file!, ...to, ...options]);
  return { run, shiftTo };
}

async function assertExact(shiftTo: number, isRedelivered: boolean): Promise<void> {
  if (isRedelivered) await ledgerOfGoneWorkers();
  const { differences, output } = await check({ baseUrl, file: file!, shiftTo, isRedelivered });
  say('checked', output.trim().split('\n').at(-1)!);
  assert.equal(differences, 0, output);
}

interface Ledger {
  readonly committed: number;
  readonly processes: readonly { readonly role: string; readonly received: number }[];
}

async function ledger(): Promise<Ledger> {
  return (await (await fetch(`${baseUrl}/ledger`)).json()) as Ledger;
}

/** Of a worker that was killed, the ledger has what the store counted once it has been silent for two minutes. */
async function ledgerOfGoneWorkers(): Promise<void> {
  const rows = readFileSync(file!, 'utf8').trim().split('\n').slice(1);
  const distinct = new Set(rows).size;
  const started = Date.now();
  while ((await ledger()).committed !== distinct && Date.now() - started < LEDGER_MS_MAX) await pause(1000);
  say('ledger', `has all of it after ${Math.round((Date.now() - started) / 1000)} s`);
}

async function started(): Promise<void> {
  await compose.run('up', '--detach', '--no-build', '--scale', `worker=${WORKERS}`);
  await untilReady();
}

/** Until the API is ready and every worker says in its health check that it is. */
async function untilReady(): Promise<void> {
  for (let i = 0; ; i++) {
    const isUp = await fetch(`${baseUrl}/readyz`, { signal: AbortSignal.timeout(2000) }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp && (await compose.areReady('worker'))) return;
    assert.ok(i < 120, 'not ready after a minute');
    await pause(500);
  }
}

try {
  await started();
  for (const service of ['worker', 'api']) say(service, await compose.rightsOf(service));

  const quiet = replayed();
  await quiet.run.exited();
  assert.equal(quiet.run.exitCode, 0, quiet.run.stderr);
  say('replayed', quiet.run.stdout.trim());
  const { processes } = await ledger();
  const shares = processes.filter(({ role }) => role === 'worker').map(({ received }) => received);
  say('shares', shares.join(', '));
  assert.ok(shares.length === WORKERS && shares.every((share) => share > 0));
  await assertExact(quiet.shiftTo, false);

  await compose.run('down', '--volumes', '--timeout', '20');
  await started();
  const faulty = replayed('--rate', `${ROWS_PER_S_UNDER_FAULTS}`);
  let isOver = false;
  const over = faulty.run.exited().then(() => {
    isOver = true;
  });
  let faults = 0;
  for (; !isOver; faults++) {
    await Promise.race([pause(FAULT_EVERY_MS), over]);
    if (isOver) break;
    await compose.fault(faults, mayBrokerEnd);
  }
  assert.equal(faulty.run.exitCode, 0, faulty.run.stderr);
  say('replayed', `${faulty.run.stdout.trim()}, with ${faults} faults`);
  await compose.run('up', '--detach', '--no-build', '--scale', `worker=${WORKERS}`);
  await untilReady();
  await assertExact(faulty.shiftTo, true);

  await compose.run('stop', '--timeout', '20');
  say('stopped', await compose.exitCodes());
  await compose.run('start');
  await untilReady();
  await assertExact(faulty.shiftTo, true);
} catch (error) {
  process.stderr.write(await compose.log());
  throw error;
} finally {
  await compose.run('down', '--volumes', '--timeout', '20');
  clearInterval(alive);
}

function say(what: string, text: string): void {
  process.stdout.write(`${what.padEnd(10)} ${text}\n`);
}
