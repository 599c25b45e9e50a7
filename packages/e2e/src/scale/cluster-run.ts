import { setTimeout as pause } from 'node:timers/promises';
import type { Durability } from '@humtemp/bucket-core/redis';
import { type Service, startRedisCluster } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { freePorts, HumtempProcess } from '../humtemp-process.js';
import { checkExact, openRedisStore, settled, type Verdict } from '../oracle.js';
import { FleetLoad } from './fleet-load.js';
import type { Say } from './say.js';

export interface ClusterRunOptions {
  readonly durability: Durability;
  /** How long a replica hears nothing before its master is killed: so long it is behind. */
  readonly behindMs: number;
  readonly observations: number;
  readonly ratePerS: number;
  readonly labs: number;
  readonly seed: number;
  readonly say: Say;
}

export interface ClusterReport extends Verdict {
  readonly resent: number;
  /** Acknowledged between the moment when a replica stood still and the moment when its master was dead, all kills together. */
  readonly acknowledgedUnreplicated: number;
  readonly longestStandstillMs: number;
}

const MASTERS = 3;
const KILLS = 3;
const PROCESSES = 2;
const SLOTS_MOVED = 600;

/**
 * A Redis Cluster of three masters and three replicas, two processes that take observations and acknowledge them after their
 * commit, sensors that send again until acknowledged. Meanwhile a master is killed with SIGKILL three times, with a replica that may
 * be behind, and slots are moved.
 * @throws AssertionError unless everything is counted once, where the durability promises that
 */
export async function clusterRun(options: ClusterRunOptions): Promise<ClusterReport> {
  const { durability, behindMs, say } = options;
  const cluster = await startRedisCluster(MASTERS, 1, { directives: { appendonly: 'yes' } });
  const ports = await Promise.all(Array.from({ length: PROCESSES }, freePorts));
  const processes = ports.map(
    ({ env }) =>
      new HumtempProcess(['start'], {
        ...env,
        HUMTEMP_REDIS_URL: cluster.url,
        HUMTEMP_REDIS_TIMEOUT: '2s',
        HUMTEMP_DURABILITY: durability,
      }),
  );
  let load: FleetLoad | undefined;
  try {
    await Promise.all(processes.map((process, i) => process.ready(ports[i]!.baseUrl)));
    load = new FleetLoad({
      ...options,
      urls: ports.map(({ mqtt }) => `mqtt://127.0.0.1:${mqtt}`),
      connections: 2 * PROCESSES,
    });
    const running = load.run();
    running.catch(() => {});
    const standstill = watchStandstill(load);
    let acknowledgedUnreplicated = 0;
    const seconds = options.observations / options.ratePerS;
    for (let kill = 1; kill <= KILLS; kill++) {
      await pause((seconds / (KILLS + 1)) * 1000 * 0.5);
      const { master, replica } = await pairOf(cluster.nodes, kill - 1);
      if (behindMs > 0) await cutOff(master, replica);
      const before = load.acknowledged;
      await pause(behindMs);
      await master.kill();
      // What was acknowledged before it died is read a little later.
      await pause(50);
      acknowledgedUnreplicated += behindMs > 0 ? load.acknowledged - before : 0;
      await replica.thaw();
      say(`${kill}. master ${master.port} killed; ${load.acknowledged} acknowledged`);
      await pause(6000);
      await master.start();
      await pause(4000);
      if (kill === 1) {
        await move(cluster);
        say(`${SLOTS_MOVED} slots moved; ${load.acknowledged} acknowledged`);
      }
    }
    await running;
    const longestStandstillMs = standstill();
    const store = await openRedisStore(cluster.url);
    try {
      const { record } = load;
      let verdict = await settled(record, store, 10_000);
      if (durability !== 'memory' || behindMs === 0) verdict = await checkExact(record, store);
      const { resent } = load;
      for (const process of processes) await process.stop();
      return { ...verdict, resent, acknowledgedUnreplicated, longestStandstillMs };
    } finally {
      await store.close();
    }
  } finally {
    await load?.close();
    for (const process of processes) await process.kill();
    await cluster.close();
  }
}

/** The n-th node that is a master now, and its replica. */
async function pairOf(
  nodes: readonly Service[],
  n: number,
): Promise<{ readonly master: Service; readonly replica: Service }> {
  const pairs: { master: Service; replica: Service }[] = [];
  for (const replica of nodes) {
    const client = new Redis(replica.url);
    const info = await client.info('replication');
    client.disconnect();
    const port = Number(/^master_port:(\d+)/m.exec(info)?.[1]);
    const master = nodes.find((node) => node.port === port);
    if (/^role:slave/m.test(info) && master !== undefined) pairs.push({ master, replica });
  }
  if (pairs.length < MASTERS) throw new Error(`only ${pairs.length} masters have a replica`);
  return pairs.sort((a, b) => a.master.port - b.master.port)[n % pairs.length]!;
}

/** The replica hears nothing any more: what is on its way to it would otherwise reach it even when its master is dead. */
async function cutOff(master: Service, replica: Service): Promise<void> {
  await replica.freeze();
  const client = new Redis(master.url);
  await client.call('CLIENT', 'KILL', 'TYPE', 'replica');
  client.disconnect();
}

async function move(cluster: Awaited<ReturnType<typeof startRedisCluster>>): Promise<void> {
  const client = new Redis(cluster.nodes[0]!.url);
  const lines = String(await client.call('CLUSTER', 'NODES')).split('\n');
  client.disconnect();
  const masters = lines.filter((line) => /master/.test(line) && !/fail/.test(line));
  const [from, to] = masters.map((line) => line.split(' ')[0]!);
  await cluster.manage(
    'reshard',
    `127.0.0.1:${cluster.nodes[0]!.port}`,
    '--cluster-from',
    from!,
    '--cluster-to',
    to!,
    '--cluster-slots',
    String(SLOTS_MOVED),
  );
}

/** @returns a function that says for how long at most nothing was acknowledged, in ms */
function watchStandstill(load: FleetLoad): () => number {
  let [longest, sinceMs, last] = [0, performance.now(), 0];
  const look = () => {
    const nowMs = performance.now();
    if (load.acknowledged !== last) [sinceMs, last] = [nowMs, load.acknowledged];
    else longest = Math.max(longest, nowMs - sinceMs);
  };
  const timer = setInterval(look, 20);
  return () => {
    clearInterval(timer);
    return Math.round(longest);
  };
}
