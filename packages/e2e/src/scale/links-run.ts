import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { localProgram, temporaryFolder } from '@humtemp/test-services';
import { COMMAND, HumtempProcess } from '../humtemp-process.js';
import { checkExact, openRedisStore, settled, type Verdict } from '../oracle.js';
import { until } from '../until.js';
import { FleetLoad } from './fleet-load.js';
import { type Host, Hosts, type SlowLink } from './hosts.js';
import type { Say } from './say.js';

export interface LinksRunOptions {
  /** For how long each fault lasts. */
  readonly faultMs: number;
  readonly ratePerS: number;
  readonly labs: number;
  readonly seed: number;
  readonly say: Say;
}

export interface LinksReport extends Verdict {
  readonly faults: readonly {
    readonly name: string;
    /** Observations that were committed while it lasted. */
    readonly committed: number;
    /** From its end until everything was committed that had been published by then. */
    readonly caughtUpMs: number;
  }[];
}

const WORKERS = 2;
const CATCH_UP_MS_MAX = 60_000;
/** There and back it is twice that. */
const DELAY_MS = 150;
const LOSS = 0.05;

/**
 * A Redis, a Mosquitto and workers on hosts of their own. The links between the workers and the other two are cut each way and in one
 * direction only, are slow, and lose packets, while sensors go on publishing. Nobody is restarted.
 * @throws AssertionError unless everything is committed after each fault, and is counted once
 */
export async function linksRun(options: LinksRunOptions): Promise<LinksReport> {
  const { say, ratePerS, labs, seed } = options;
  const hosts = new Hosts();
  const folder = await temporaryFolder('links');
  const programs: ChildProcess[] = [];
  const workers: HumtempProcess[] = [];
  let load: FleetLoad | undefined;
  let store: Awaited<ReturnType<typeof openRedisStore>> | undefined;
  try {
    const [ofRedis, ofBroker, ofWorkers] = [hosts.add('redis'), hosts.add('broker'), hosts.add('workers')];
    const [redisFromHere, brokerFromHere] = [hosts.linkFromHere(ofRedis), hosts.linkFromHere(ofBroker)];
    const redis = await hosts.link(ofWorkers, ofRedis);
    const broker = await hosts.link(ofWorkers, ofBroker);
    programs.push(await startRedisOn(ofRedis, folder.path), await startMosquittoOn(ofBroker, folder.path));
    for (let i = 1; i <= WORKERS; i++)
      workers.push(
        new HumtempProcess(
          ['worker'],
          {
            HUMTEMP_MQTT_URL: `mqtt://${broker.address}:1883`,
            HUMTEMP_MQTT_CLIENT_ID: `worker-${i}`,
            HUMTEMP_MQTT_KEEPALIVE: '5s',
            HUMTEMP_REDIS_URL: `redis://${redis.address}:6379`,
            HUMTEMP_REDIS_TIMEOUT: '2s',
          },
          COMMAND,
          ofWorkers.launcher,
        ),
      );
    await until(() => workers.every(({ stderr }) => stderr.includes('"msg":"subscribed"')));
    load = new FleetLoad({
      urls: [`mqtt://${brokerFromHere}:1883`],
      connections: 2,
      observations: 1e9,
      ratePerS,
      labs,
      seed,
    });
    load.run().catch(() => {});
    store = await openRedisStore(`redis://${redisFromHere}:6379`);
    const faults: LinksReport['faults'][number][] = [];
    for (const { name, begin } of faultsOf(hosts, ofWorkers, redis, broker)) {
      await pause(1000);
      const one = await fault(name, begin, options.faultMs, load, store);
      faults.push(one);
      say(`${name}: ${one.committed} committed meanwhile; all was ${one.caughtUpMs / 1000} s after it ended`);
    }
    await Promise.all(load.loads.map((one) => one.pause()));
    await settled(load.record, store, 20_000);
    const verdict = await checkExact(load.record, store);
    for (const worker of workers) await worker.stop();
    return { ...verdict, faults };
  } finally {
    await load?.close();
    await store?.close();
    for (const worker of workers) await worker.kill();
    for (const program of programs) {
      program.kill('SIGKILL');
      if (program.exitCode === null && program.signalCode === null) await once(program, 'exit');
    }
    await hosts.close();
    await folder.remove();
  }
}

interface Reached {
  readonly address: string;
  readonly link: SlowLink;
}

interface Fault {
  readonly name: string;
  /** @returns how to undo it. */
  begin(): () => void;
}

function faultsOf(hosts: Hosts, workers: Host, redis: Reached, broker: Reached): readonly Fault[] {
  const drop = (way: 'from' | 'to', { address }: Reached) => hosts.drop(workers, way, address);
  const cut = (...ends: (() => void)[]) => {
    return () => {
      for (const end of ends) end();
    };
  };
  const slow = (delayMs: number, loss: number) => {
    for (const { link } of [redis, broker]) link.set(delayMs, loss);
    return () => {
      for (const { link } of [redis, broker]) link.set(0, 0);
    };
  };
  const percent = `${LOSS * 100} % of packets lost`;
  return [
    { name: 'workers and Redis', begin: () => cut(drop('to', redis), drop('from', redis)) },
    { name: 'workers and broker', begin: () => cut(drop('to', broker), drop('from', broker)) },
    { name: 'workers to Redis only', begin: () => cut(drop('to', redis)) },
    { name: 'Redis to workers only', begin: () => cut(drop('from', redis)) },
    { name: 'workers to broker only', begin: () => cut(drop('to', broker)) },
    { name: 'broker to workers only', begin: () => cut(drop('from', broker)) },
    { name: `${DELAY_MS} ms each way on both links`, begin: () => slow(DELAY_MS, 0) },
    { name: `${percent} on both links`, begin: () => slow(0, LOSS) },
    { name: `${DELAY_MS} ms each way and ${percent}`, begin: () => slow(DELAY_MS, LOSS) },
  ];
}

async function fault(
  name: string,
  begin: Fault['begin'],
  faultMs: number,
  load: FleetLoad,
  store: Awaited<ReturnType<typeof openRedisStore>>,
): Promise<LinksReport['faults'][number]> {
  const committed = async () => (await store.counted()).reduce((sum, { committed: of }) => sum + of, 0);
  const before = await committed();
  const end = begin();
  await pause(faultMs);
  const during = (await committed()) - before;
  end();
  const [expected, startMs] = [load.published, performance.now()];
  for (;;) {
    const caughtUpMs = Math.round(performance.now() - startMs);
    if ((await committed()) >= expected) return { name, committed: during, caughtUpMs };
    assert.ok(caughtUpMs < CATCH_UP_MS_MAX, `${name}: not all is committed ${caughtUpMs} ms after it ended`);
    await pause(50);
  }
}

async function startRedisOn(host: Host, folder: string): Promise<ChildProcess> {
  const data = join(folder, 'redis');
  mkdirSync(data);
  const settings = ['--bind', '0.0.0.0', '--protected-mode', 'no', '--appendonly', 'yes', '--save', ''];
  return start(host, [await localProgram('redis-server'), ...settings, '--dir', data]);
}

async function startMosquittoOn(host: Host, folder: string): Promise<ChildProcess> {
  const file = join(folder, 'mosquitto.conf');
  const lines = [
    'listener 1883 0.0.0.0',
    'allow_anonymous true',
    'max_inflight_messages 65535',
    'max_queued_messages 1000000',
  ];
  writeFileSync(file, lines.join('\n'));
  return start(host, [await localProgram('mosquitto'), '-c', file]);
}

function start({ launcher }: Host, command: readonly string[]): ChildProcess {
  const [program, ...args] = [...launcher, ...command];
  return spawn(program!, args, { stdio: 'ignore' });
}
