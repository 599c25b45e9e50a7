import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { type Service, startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { freePorts, HumtempProcess, type Ports } from '../humtemp-process.js';
import { checkExact, openRedisStore, settled, type Verdict } from '../oracle.js';
import { FleetLoad } from './fleet-load.js';
import type { Say } from './say.js';
import { ServersReader } from './servers-reader.js';

export interface ServersRunOptions {
  readonly observations: number;
  readonly ratePerS: number;
  /** Each with a connection of its own. */
  readonly labs: number;
  readonly seed: number;
  /** For how long one server stands still. */
  readonly frozenMs: number;
  /** How often the command that moves labs is killed while labs are moved. */
  readonly kills: number;
  /** Whether each server is killed as well while labs are moved, and comes back. */
  readonly killsServers: boolean;
  readonly say: Say;
}

export interface ServersReport extends Verdict {
  readonly resent: number;
  /** Labs of servers that were not frozen, and how many of them went on being acknowledged; how many of the others did. */
  readonly frozen: Standing;
  readonly killed: Standing;
  readonly readings: number;
  /** Readings that were refused as a whole: while a server is away, or where an answer took too long. */
  readonly readingsRefused: number;
  /** The longest time for which labs could not be written to while they were moved, ms. */
  readonly longestHeldMs: number;
  readonly moved: number;
}

interface Standing {
  readonly elsewhere: number;
  readonly elsewhereWentOn: number;
  readonly there: number;
  readonly thereWentOn: number;
}

const PROCESSES = 2;

/**
 * Three independent servers, two processes that take observations and acknowledge them after their commit, a sensor for each lab
 * that sends again until acknowledged, and a reader that asks all the time. One server stands still, another is killed and comes
 * back; a fourth is added, then the second drained and switched off, all under load; whoever moves labs is killed now and then,
 * and so is each server, if asked for.
 * @throws AssertionError unless everything is counted once, and the reader saw every bucket at every moment
 */
export async function serversRun(options: ServersRunOptions): Promise<ServersReport> {
  const { say, labs } = options;
  const servers = await Promise.all(
    Array.from({ length: 4 }, () => startRedis({ directives: { appendonly: 'yes' } })),
  );
  const list = (names: string) =>
    [...names].map((name) => `${servers['abcd'.indexOf(name)]!.url}?name=${name}`).join(',');
  const ports = await Promise.all(Array.from({ length: PROCESSES }, freePorts));
  const fleet = new Fleet(ports);
  let load: FleetLoad | undefined;
  let reader: ServersReader | undefined;
  try {
    await fleet.start(list('abc'));
    load = new FleetLoad({
      ...options,
      urls: ports.map(({ mqtt }) => `mqtt://127.0.0.1:${mqtt}`),
      connections: labs,
    });
    const running = load.run();
    running.catch(() => {});
    await pause(5000);

    await servers[1]!.freeze();
    say(`b stands still; ${load.acknowledged} acknowledged`);
    const frozen = await standing(load, servers[1]!, servers, options.frozenMs);
    await servers[1]!.thaw();
    await pause(3000);
    await servers[2]!.kill();
    const killed = await standing(load, servers[2]!, servers, 5000);
    await servers[2]!.start();
    await pause(3000);
    say(`c was killed and is back; ${load.acknowledged} acknowledged`);

    await fleet.restart(list('abcd'));
    say(`the processes know d; ${load.acknowledged} acknowledged`);
    const toRead = await openRedisStore(list('abcd'));
    reader = new ServersReader(toRead, ports[0]!.baseUrl);
    const read = reader.run();
    read.catch(() => {});
    const toKill = options.killsServers ? servers : [];
    const added = await spread(list('abcd'), [], options, say, toKill);
    say(`d has its labs; ${load.acknowledged} acknowledged, ${reader.readings} readings`);
    const drained = await spread(list('abcd'), ['b'], options, say, toKill);
    assert.deepEqual(await labKeys(servers[1]!), [], 'b is empty');
    say(`b has none; ${load.acknowledged} acknowledged, ${reader.readings} readings`);
    await reader.stop();
    await read;
    await toRead.close();
    await fleet.restart(list('acd'));
    await servers[1]!.terminate();
    say(`b is switched off; ${load.acknowledged} acknowledged`);
    await running;

    const store = await openRedisStore(list('acd'));
    try {
      await settled(load.record, store, 20_000);
      const verdict = await checkExact(load.record, store);
      await fleet.stop();
      return {
        ...verdict,
        resent: load.resent,
        frozen,
        killed,
        readings: reader.readings,
        readingsRefused: reader.refused,
        longestHeldMs: Math.max(added.longestHeldMs, drained.longestHeldMs),
        moved: added.moved + drained.moved,
      };
    } finally {
      await store.close();
    }
  } finally {
    await reader?.stop();
    await load?.close();
    await fleet.kill();
    await Promise.all(servers.map((server) => server.close()));
  }
}

/** The processes that take observations. */
class Fleet {
  #processes: HumtempProcess[] = [];

  constructor(readonly ports: readonly Ports[]) {}

  async start(url: string): Promise<void> {
    for (const i of this.ports.keys()) await this.#startOne(i, url);
  }

  /** One after the other. */
  async restart(url: string): Promise<void> {
    for (const i of this.ports.keys()) {
      await this.#processes[i]!.stop();
      await this.#startOne(i, url);
    }
  }

  async stop(): Promise<void> {
    for (const one of this.#processes) await one.stop();
  }

  async kill(): Promise<void> {
    for (const one of this.#processes) await one.kill();
  }

  async #startOne(i: number, url: string): Promise<void> {
    const { env, baseUrl } = this.ports[i]!;
    this.#processes[i] = new HumtempProcess(['start'], {
      ...env,
      HUMTEMP_REDIS_URL: url,
      HUMTEMP_REDIS_TIMEOUT: '2s',
    });
    await this.#processes[i]!.ready(baseUrl);
  }
}

/** Which labs go on being acknowledged for so long, while their server or another does not answer. */
async function standing(
  load: FleetLoad,
  server: Service,
  servers: readonly Service[],
  ms: number,
): Promise<Standing> {
  const there = new Set<string>();
  for (const one of servers.filter((other) => other !== server))
    for (const lab of await labKeys(one)) there.add(lab);
  // What was on its way when it stopped is acknowledged yet.
  await pause(Math.min(2000, ms / 4));
  const before = load.loads.map(({ acknowledged }) => acknowledged);
  await pause(ms - Math.min(2000, ms / 4));
  const sums = { elsewhere: 0, elsewhereWentOn: 0, there: 0, thereWentOn: 0 };
  for (const [i, one] of load.loads.entries()) {
    const isElsewhere = [...one.record.keys()].every((lab) => there.has(lab));
    const wentOn = one.acknowledged > before[i]!;
    sums[isElsewhere ? 'elsewhere' : 'there'] += 1;
    if (wentOn) sums[isElsewhere ? 'elsewhereWentOn' : 'thereWentOn'] += 1;
  }
  assert.equal(sums.elsewhereWentOn, sums.elsewhere, 'every lab of another server goes on');
  return sums;
}

/** Names of the labs that a server has. */
async function labKeys(server: Service): Promise<string[]> {
  const client = new Redis(server.url);
  const keys = await client.keys('humtemp:{*}:lab:*');
  client.disconnect();
  return keys.map((key) => key.slice(key.indexOf(':lab:') + 5));
}

/**
 * Runs `humtemp spread` to its end. Before that it is killed on its way so many times, and then each of some servers, which
 * comes back a second later; each time it is started again.
 */
export async function spread(
  url: string,
  without: readonly string[],
  { kills }: Pick<ServersRunOptions, 'kills'>,
  say: Say,
  servers: readonly Service[] = [],
): Promise<{ readonly longestHeldMs: number; readonly moved: number }> {
  const args = without.length === 0 ? [] : ['--without', without.join(',')];
  const start = () =>
    new HumtempProcess(['spread', ...args], { HUMTEMP_REDIS_URL: url, HUMTEMP_REDIS_TIMEOUT: '2s' });
  let longestHeldMs = 0;
  let moved = 0;
  const note = (one: HumtempProcess) => {
    const held = [...one.stdout.matchAll(/held for (\d+) ms/g)].map(([, ms]) => Number(ms));
    longestHeldMs = Math.max(longestHeldMs, ...held);
    moved += held.length;
    return held.length;
  };
  for (let kill = 0; kill < kills; kill++) {
    const one = start();
    await onItsWay(one);
    await one.kill();
    say(`killed whoever moves labs, after ${note(one)} partitions`);
  }
  for (const server of servers) {
    const one = start();
    await onItsWay(one);
    await server.kill();
    await pause(1000);
    await server.start();
    await one.exited();
    say(`killed a server, after ${note(one)} partitions: ${one.stderr.trim() || 'it went on'}`);
  }
  const last = start();
  await last.exited();
  note(last);
  assert.equal(last.exitCode, 0, last.stdout + last.stderr);
  say(last.stdout.split('\n').slice(-6).join('; '));
  return { longestHeldMs, moved };
}

/** A random moment while labs are moved. */
async function onItsWay(one: HumtempProcess): Promise<void> {
  while (one.stdout.split('\n').length <= 5 && one.exitCode === null) await pause(5);
  await pause(Math.random() * 30);
}
