import { type Service, startMosquitto, startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { FaultProxy } from './fault-proxy.js';
import { HumtempProcess } from './humtemp-process.js';
import { checkExact, openRedisStore, settled, type Verdict } from './oracle.js';
import { type Random, randomOf } from './random.js';
import { RecordedLoad } from './recorded-load.js';
import { until } from './until.js';

export interface ChaosOptions {
  readonly seed: number;
  readonly observations: number;
  readonly labs: number;
  readonly ratePerS: number;
  /** Faults to inflict before the end, at least; they go on as long as the load does. */
  readonly faults: number;
  /** Names of the faults to inflict, if not all. */
  readonly only?: readonly string[];
  readonly tell: (line: string) => void;
}

export interface ChaosReport extends Verdict {
  readonly inflicted: Readonly<Record<string, number>>;
  readonly resent: number;
}

interface Parts {
  readonly mosquitto: Service;
  readonly redis: Service;
  /** Between the workers and Redis. */
  readonly link: FaultProxy;
  /** Between the publisher and Mosquitto. */
  readonly entrance: FaultProxy;
  readonly workers: HumtempProcess[];
  startWorker(index: number): void;
}

type Fault = (parts: Parts, random: Random) => Promise<void>;

/** What may happen, and how often in comparison with the others. */
const FAULTS: readonly (readonly [name: string, weight: number, fault: Fault])[] = [
  ['worker killed', 8, killWorker],
  ['worker frozen', 1, freezeWorker],
  ['Redis killed', 2, restartRedis],
  ['Redis frozen', 1, freezeRedis],
  ['reply cut', 3, cutReplies],
  ['connections killed', 1, killConnections],
  ['Mosquitto restarted', 1, restartMosquitto],
];

/**
 * Two workers on one shared subscription, a broker that saves, a Redis that writes through, a publisher that
 * sends again until acknowledged, and a seeded sequence of faults. Afterwards everything must be counted
 * exactly once.
 * @throws AssertionError if it is not, or if a ledger does not balance.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const random = randomOf(options.seed);
  const redis = await startRedis({ directives: { appendonly: 'yes', appendfsync: 'always' } });
  const mosquitto = await startMosquitto({
    config: 'max_inflight_messages 65535\nmax_queued_messages 1000000\npersistence true\nautosave_interval 1',
  });
  const link = await FaultProxy.start({ target: { host: redis.host, port: redis.port } });
  const entrance = await FaultProxy.start({ target: { host: mosquitto.host, port: mosquitto.port } });
  const workers: HumtempProcess[] = [];
  const startWorker = (index: number) => {
    workers[index] = new HumtempProcess(['worker'], {
      HUMTEMP_MQTT_URL: mosquitto.url,
      HUMTEMP_MQTT_CLIENT_ID: `worker-${index}`,
      HUMTEMP_REDIS_URL: `redis://127.0.0.1:${link.port}`,
      HUMTEMP_REDIS_TIMEOUT: '2s',
    });
  };
  const parts: Parts = { mosquitto, redis, link, entrance, workers, startWorker };
  let load: RecordedLoad | undefined;
  const inflicted: Record<string, number> = {};
  try {
    for (const index of [0, 1]) startWorker(index);
    // A broker keeps nothing for sessions that it has never seen.
    for (const worker of workers) await until(() => subscriptions(worker) > 0);
    load = new RecordedLoad({ ...options, url: `mqtt://127.0.0.1:${entrance.port}` });
    let done = false;
    const running = load.run().finally(() => {
      done = true;
    });
    // A failure of the load is for the end to see.
    running.catch(() => {});
    for (let i = 0; i < options.faults || !done; i++) {
      await pause(100 + 700 * random());
      const name = await inflict(parts, options.only, random);
      inflicted[name] = (inflicted[name] ?? 0) + 1;
      options.tell(
        `${i + 1}. ${name}; ${load.acknowledged} of ${options.observations} acknowledged by the broker`,
      );
    }
    await running;
    const store = await openRedisStore(redis.url);
    try {
      await settled(load.record, store, 60_000);
      const verdict = await checkExact(load.record, store);
      for (const worker of workers) await worker.stop();
      return { ...verdict, inflicted, resent: load.resent };
    } finally {
      await store.close();
    }
  } finally {
    await load?.close();
    for (const worker of workers) await worker.kill();
    await link.close();
    await entrance.close();
    await mosquitto.close();
    await redis.close();
  }
}

async function inflict(parts: Parts, only: readonly string[] | undefined, random: Random): Promise<string> {
  const faults = FAULTS.filter(([name]) => only === undefined || only.includes(name));
  let left = random() * faults.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight, fault] of faults) {
    left -= weight;
    if (left >= 0) continue;
    await fault(parts, random);
    return name;
  }
  throw new Error(`no such faults: ${only}`);
}

async function killWorker({ workers, startWorker }: Parts, random: Random): Promise<void> {
  const index = random() < 0.5 ? 0 : 1;
  await workers[index]!.kill();
  startWorker(index);
}

async function freezeWorker({ workers }: Parts, random: Random): Promise<void> {
  const worker = workers[random() < 0.5 ? 0 : 1]!;
  worker.signal('SIGSTOP');
  await pause(5000);
  worker.signal('SIGCONT');
}

async function restartRedis({ redis }: Parts, random: Random): Promise<void> {
  await redis.kill();
  await pause(1000 * random());
  await redis.start();
}

async function freezeRedis({ redis }: Parts, random: Random): Promise<void> {
  await redis.freeze();
  // Shorter and longer than the workers wait for an answer.
  await pause(500 + 3000 * random());
  await redis.thaw();
}

async function cutReplies({ link }: Parts, random: Random): Promise<void> {
  link.cutReplies({ every: 1 + Math.floor(random() * 3) });
  await pause(1500);
  link.heal();
}

async function killConnections({ redis }: Parts): Promise<void> {
  const client = new Redis(redis.url);
  await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  client.disconnect();
}

/**
 * Mosquitto 2.0 saves sessions but not their shared subscriptions: what it takes in after a restart and
 * before the workers have subscribed again goes to nobody. So publishers come in after the workers, as the
 * operations guide asks.
 */
async function restartMosquitto({ mosquitto, entrance, workers }: Parts): Promise<void> {
  const before = workers.map(subscriptions);
  entrance.refuse();
  entrance.cut();
  await mosquitto.terminate();
  await mosquitto.start();
  await until(() => workers.every((worker, i) => subscriptions(worker) > before[i]!));
  entrance.heal();
}

function subscriptions(worker: HumtempProcess): number {
  return worker.stderr.split('"msg":"subscribed"').length - 1;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
