/**
 * A rolling upgrade, and back: processes of another revision and of this one beside each other at one Redis, and by turns on
 * one data folder, under load. Everything must be counted once, or the start be refused with what to do.
 *
 *     npm run upgrade -- [REVISION]    default: the newest tag, or without one the commit before this
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, startMosquitto, startRedis, temporaryFolder } from '@humtemp/test-services';
import { EmbeddedStart } from '../embedded-start.js';
import { HumtempProcess } from '../humtemp-process.js';
import { checkExact, openRedisStore, settled } from '../oracle.js';
import { FleetLoad } from '../scale/fleet-load.js';
import { NEW, oldVersion, type Version } from './version.js';

const RATE_PER_S = 1500;
const STEP_MS = 4000;
const SETTLED_MS_MAX = 60_000;
const LABS = 200;

const revision = process.argv[2] ?? formerRevision();
const folder = await temporaryFolder('upgrade');
try {
  const old = await oldVersion(revision, folder.path);
  say(`old: ${describe(revision)}; new: what is here`);
  await workersAndApi(old);
  await oneFolder(old);
} finally {
  await folder.remove();
}

/** Two workers and an API at one Redis, replaced one by one, and back again; by turns they are stopped and killed. */
async function workersAndApi(old: Version): Promise<void> {
  const redis = await startRedis({ directives: { appendonly: 'yes' } });
  const mosquitto = await startMosquitto({
    config: 'max_inflight_messages 65535\nmax_queued_messages 1000000',
  });
  const port = `${await freePort()}`;
  const common = { HUMTEMP_REDIS_URL: redis.url };
  const worker = ({ command }: Version, i: number) =>
    new HumtempProcess(
      ['worker'],
      { ...common, HUMTEMP_MQTT_URL: mosquitto.url, HUMTEMP_MQTT_CLIENT_ID: `worker-${i}` },
      command,
    );
  const api = async ({ command }: Version) => {
    const started = new HumtempProcess(['api'], { ...common, HUMTEMP_API_PORT: port }, command);
    await started.ready(`http://127.0.0.1:${port}`);
    return started;
  };
  const running = [worker(old, 0), worker(old, 1), await api(old)];
  const steps: readonly (readonly [Version, number])[] = [
    [NEW, 0],
    [NEW, 2],
    [NEW, 1],
    [old, 0],
    [old, 2],
    [old, 1],
    [NEW, 1],
  ];
  const load = new FleetLoad({
    urls: [mosquitto.url],
    connections: 2,
    observations: ((steps.length + 1) * STEP_MS * RATE_PER_S) / 1000,
    ratePerS: RATE_PER_S,
    labs: LABS,
    seed: 1,
  });
  try {
    while (!running[0]!.stderr.includes('"msg":"subscribed"')) await pause(50);
    const sent = load.run();
    for (const [turn, [version, i]] of steps.entries()) {
      await pause(STEP_MS);
      if (turn % 2 === 0) await running[i]!.stop();
      else await running[i]!.kill();
      running[i] = i === 2 ? await api(version) : worker(version, i);
      say(`${['a worker', 'the other worker', 'the API'][i]} is ${version.name} now`);
    }
    await sent;
    const store = await openRedisStore(redis.url);
    try {
      await settled(load.record, store, SETTLED_MS_MAX);
      say(`at Redis: ${JSON.stringify(await checkExact(load.record, store))}`);
    } finally {
      await store.close();
    }
    await sameAnswers(old, common);
  } finally {
    await load.close();
    for (const one of running) await one.kill();
    await mosquitto.close();
    await redis.close();
  }
}

/** What both APIs say of every lab, at one moment, in the fields that the old one has. */
async function sameAnswers(old: Version, common: Readonly<Record<string, string>>): Promise<void> {
  const answers = await Promise.all(
    [old, NEW].map(async ({ command }) => {
      const port = `${await freePort()}`;
      const api = new HumtempProcess(['api'], { ...common, HUMTEMP_API_PORT: port }, command);
      try {
        await api.ready(`http://127.0.0.1:${port}`);
        const response = await fetch(`http://127.0.0.1:${port}/summary?offset=0`);
        return await response.text();
      } finally {
        await api.kill();
      }
    }),
  );
  if (answers[0] !== answers[1]) throw new Error('the old API says something else than the new one');
  say(`both APIs say the same of ${(JSON.parse(answers[0]!) as unknown[]).length} labs`);
}

/** `humtemp start` on one data folder: old, killed; new, stopped; old, killed; new. */
async function oneFolder(old: Version): Promise<void> {
  const load = { connections: 2, observations: 10_000, ratePerS: 5000, labs: LABS };
  const record = new Map<string, never>();
  let start: EmbeddedStart | undefined;
  try {
    for (const [turn, version] of [old, NEW, old, NEW].entries()) {
      if (start === undefined) start = await EmbeddedStart.open({}, undefined, version.command);
      else await start.restart(version.command);
      const part = new FleetLoad({ ...load, urls: [start.url], seed: 100 + turn, labPrefix: `t${turn}` });
      await part.run();
      await part.close();
      for (const [lab, counted] of part.record) record.set(lab, counted as never);
      if (turn % 2 === 0) await start.kill();
      else await start.stop();
    }
    say(`in one folder: ${JSON.stringify(await start!.checkExact(record))}`);
  } finally {
    await start?.close();
  }
}

function formerRevision(): string {
  try {
    return git('describe', '--tags', '--abbrev=0');
  } catch {
    return git('rev-parse', 'HEAD~1');
  }
}

function describe(name: string): string {
  return git('log', '-1', '--format=%h of %cs', name);
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
