/**
 * A real Prometheus scrapes two workers and an API while they work: its sums must be those of the ledger, and each alert
 * must fire once when its cause is there, and resolve when it is gone. Times of the rules are sixty times shorter.
 *
 *     npm run alerts [-- FIRST]    FIRST: the alert of the scene to begin with
 *
 * It takes some ten minutes, and must be root: the disk that fills is a tmpfs. The suite asks promtool instead.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { temporaryFolder } from '@humtemp/test-services';
import { Installation } from './installation.js';
import { Prometheus, type Transition } from './prometheus.js';
import { type Scene, scenesOf } from './scenes.js';

const SENT_FOR_SUMS_MS = 15_000;
const STEP_MS = 250;
const FIRES_MS_MAX = 150_000;
const RESOLVES_MS_MAX = 180_000;
const FATES = ['received', 'committed', 'duplicate'] as const;

const folder = await temporaryFolder('alerts-live');
const disk = join(folder.path, 'disk');
mkdirSync(disk);
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk]);
const closers: (() => unknown)[] = [() => folder.remove(), () => execFileSync('umount', ['-l', disk])];
try {
  const installation = await Installation.start(folder.path, disk);
  closers.push(() => installation.close());
  const { api, made } = installation;
  const prometheus = await Prometheus.start(folder.path, [
    {
      job: 'humtemp',
      path: '/metrics',
      hosts: [...installation.processes.map(({ host }) => host), made.host],
    },
    { job: 'humtemp-labs', path: '/metrics/labs', hosts: [api.host] },
  ]);
  closers.push(() => prometheus.close());

  installation.send();
  await pause(SENT_FOR_SUMS_MS);
  installation.pauseSending();
  await pause(4000);
  await compareSums(prometheus, installation);

  installation.send();
  const scenes = scenesOf(installation, disk);
  assert.deepEqual(scenes.flatMap(({ raises }) => raises).sort(), [...prometheus.alerts].sort());
  const first = scenes.findIndex(({ raises }) => raises.includes(process.argv[2] ?? ''));
  for (const scene of scenes.slice(Math.max(0, first))) await play(scene, prometheus);
  say('each alert fired once in its scene, and resolved');
} finally {
  for (const close of closers.reverse()) await close();
}

/** Sums over both workers, and of the fleet as the API has it, against the ledger. */
async function compareSums(prometheus: Prometheus, { api, workers }: Installation): Promise<void> {
  const ledger = (await (await fetch(`http://${api.host}/ledger`)).json()) as Record<string, number>;
  const up = await prometheus.value('sum(up{job="humtemp"})');
  assert.equal(up, 5, 'every process is scraped');
  const ofWorkers = workers.map(({ host }) => host).join('|');
  for (const fate of FATES) {
    const own = await prometheus.value(`sum(humtemp_observations_${fate}_total{instance=~"${ofWorkers}"})`);
    const fleet = await prometheus.value(
      `sum(max by (process) (humtemp_fleet_observations_${fate}_total{instance="${api.host}"}))`,
    );
    say(`${fate}: workers ${own}, fleet ${fleet}, ledger ${ledger[fate]}`);
    assert.deepEqual([own, fleet], [ledger[fate], ledger[fate]], fate);
  }
}

async function play(scene: Scene, prometheus: Prometheus): Promise<void> {
  const { name, raises, mayRaise = [], begin, goOn, end } = scene;
  await until(
    () => prometheus.firing.length === 0,
    RESOLVES_MS_MAX,
    () => `before: ${prometheus.firing}`,
  );
  const before = prometheus.transitions.length;
  const startedMs = Date.now();
  await begin();
  const isRaised = () => {
    const seen = prometheus.transitions.slice(before);
    return raises.every((alert) => seen.some((one) => one.alert === alert && one.isFiring));
  };
  await until(isRaised, FIRES_MS_MAX, () => `${name}: ${prometheus.firing} of ${raises}`, goOn);
  await end();
  await until(
    () => prometheus.firing.length === 0,
    RESOLVES_MS_MAX,
    () => `${name}: ${prometheus.firing}`,
  );
  const seen = prometheus.transitions.slice(before);
  say(`${name}: ${seen.map((one) => inWords(one, startedMs)).join(', ')}`);
  for (const alert of raises)
    assert.deepEqual(
      seen.filter((one) => one.alert === alert).map(({ isFiring }) => isFiring),
      [true, false],
      `${alert} fires once and resolves`,
    );
  const others = seen.filter(({ alert }) => !raises.includes(alert) && !mayRaise.includes(alert));
  assert.deepEqual(others, [], 'nothing else fires');
}

function inWords({ alert, isFiring, atMs }: Transition, startedMs: number): string {
  return `${alert} ${isFiring ? 'fires' : 'resolves'} after ${Math.round((atMs - startedMs) / 1000)} s`;
}

async function until(
  holds: () => boolean,
  msMax: number,
  what: () => string,
  goOn?: () => unknown,
): Promise<void> {
  for (const started = Date.now(); !holds(); ) {
    assert.ok(Date.now() - started < msMax, `waited in vain: ${what()}`);
    await goOn?.();
    await pause(STEP_MS);
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
