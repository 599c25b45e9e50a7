import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { BucketStore } from '@humtemp/bucket-core';
import { Intake } from '@humtemp/intake';
import { type Service, startMosquitto, startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { connectAsync, type MqttClient } from 'mqtt';
import { DEFAULT_GRID } from '../default-grid.js';
import { HumtempProcess } from '../humtemp-process.js';
import { openRedisStore } from '../oracle.js';
import { until } from '../until.js';
import { CpuQuota } from './cpu-quota.js';
import type { Say } from './say.js';

export interface QuotaRunOptions {
  readonly of: 'workers' | 'servers';
  /** What each process that is counted gets of a core. */
  readonly share: number;
  /** How many of them, one after the other. */
  readonly counts: readonly number[];
  readonly seconds: number;
  readonly rounds: number;
  readonly say: Say;
}

export interface QuotaRow {
  readonly count: number;
  /** Observations committed in a second, the median of the rounds. */
  readonly perSecond: number;
  /** Against so many times what the first makes. */
  readonly ofProportional: number;
}

const LABS = 2000;
/** What a gateway had kept, in one publish. */
const OBSERVATIONS_OF_PUBLISH = 100;
const WARM_UP_S = 4;
/** HUMTEMP_PENDING_MAX. */
const PENDING_MAX = 10_000;
/** More than await their commit at a time: every observation of a commit is another lab. */
const FED_LABS = 20_000;

/**
 * How much more is committed with more workers, and with more independent Redis servers, each of them held to a share of a core.
 * What they work for is not held: the rest of the machine must be enough for it.
 */
export async function quotaRun(options: QuotaRunOptions): Promise<readonly QuotaRow[]> {
  const run = options.of === 'workers' ? withWorkers : withServers;
  const rates = new Map(options.counts.map((count) => [count, [] as number[]]));
  for (let round = 0; round < options.rounds; round++)
    for (const count of options.counts) {
      const quota = new CpuQuota(options.share);
      try {
        const rate = await run(count, quota, options.seconds);
        rates.get(count)!.push(rate);
        options.say(`${count} ${options.of}: ${Math.round(rate)} observations/s`);
      } finally {
        await quota.close();
      }
    }
  const medians = options.counts.map((count) => median(rates.get(count)!));
  const [firstCount, firstRate] = [options.counts[0]!, medians[0]!];
  return options.counts.map((count, i) => ({
    count,
    perSecond: Math.round(medians[i]!),
    ofProportional: Number((medians[i]! / ((firstRate * count) / firstCount)).toFixed(3)),
  }));
}

/** Workers of one group behind a Mosquitto, with a Redis. Gateways hand in what they had kept, as fast as it is taken. */
async function withWorkers(count: number, quota: CpuQuota, seconds: number): Promise<number> {
  const redis = await startRedis();
  const broker = await startMosquitto({ config: 'max_inflight_messages 100\nmax_queued_messages 1000\n' });
  const workers = Array.from(
    { length: count },
    (_, i) =>
      new HumtempProcess(['worker'], {
        HUMTEMP_MQTT_URL: broker.url,
        HUMTEMP_MQTT_CLIENT_ID: `worker-${i}`,
        HUMTEMP_REDIS_URL: redis.url,
      }),
  );
  let gateway: Gateway | undefined;
  const store = await openRedisStore(redis.url);
  try {
    await until(() => workers.every(({ stderr }) => stderr.includes('"msg":"subscribed"')));
    for (const worker of workers) quota.hold(worker.pid);
    const committed = async () => (await store.counted()).reduce((sum, { committed: of }) => sum + of, 0);
    gateway = await Gateway.start(broker.url, 40 * count, committed);
    const rate = await rateOf(committed, seconds);
    const handedIn = await gateway.stop();
    while ((await committed()) < handedIn) await pause(50);
    assert.equal(await committed(), handedIn);
    return rate;
  } finally {
    await gateway?.stop();
    await Promise.all(workers.map((worker) => worker.kill()));
    await store.close();
    await broker.close();
    await redis.close();
  }
}

/** One process that commits what it is handed, every observation another lab than the one before, to independent servers. */
async function withServers(count: number, quota: CpuQuota, seconds: number): Promise<number> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => startRedis({ directives: { appendonly: 'yes' } })),
  );
  const store = await openRedisStore(servers.map(({ url }, i) => `${url}?name=${i}`).join(','));
  const feed = new Feed(store);
  try {
    for (const server of servers) quota.hold(await pidOf(server));
    const running = feed.run();
    running.catch(() => {});
    // New labs cost more: first each was there once.
    while (feed.committed < 2 * FED_LABS) await pause(50);
    const rate = await rateOf(async () => feed.committed, seconds);
    await feed.stop();
    await running;
    return rate;
  } finally {
    await feed.stop();
    await store.close();
    await Promise.all(servers.map((server) => server.close()));
  }
}

async function pidOf({ url, source }: Service): Promise<number> {
  // A server in a container says what its number is there.
  if (source === 'docker')
    throw new Error('HUMTEMP_TEST_SERVICES=path is needed: a container cannot be held from here');
  const redis = new Redis(url);
  const pid = Number(/^process_id:(\d+)/m.exec(await redis.info('server'))?.[1]);
  redis.disconnect();
  return pid;
}

async function rateOf(committed: () => Promise<number>, seconds: number): Promise<number> {
  while ((await committed()) === 0) await pause(50);
  await pause(WARM_UP_S * 1000);
  const [before, startMs] = [await committed(), performance.now()];
  await pause(seconds * 1000);
  const [after, endMs] = [await committed(), performance.now()];
  return ((after - before) / (endMs - startMs)) * 1000;
}

/** Publishes arrays, so many of them ahead of what is committed: then nobody waits for it, and nothing is dropped. */
class Gateway {
  #published = 0;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  private constructor(
    readonly client: MqttClient,
    readonly aheadMax: number,
    readonly committed: () => Promise<number>,
  ) {}

  static async start(url: string, aheadMax: number, committed: () => Promise<number>): Promise<Gateway> {
    const gateway = new Gateway(await connectAsync(url), aheadMax, committed);
    gateway.#running = gateway.#run();
    return gateway;
  }

  /** @returns the observations that were handed in */
  async stop(): Promise<number> {
    this.#isStopped = true;
    await this.#running;
    await this.client.endAsync();
    return this.#published * OBSERVATIONS_OF_PUBLISH;
  }

  async #run(): Promise<void> {
    const startS = Math.floor(Date.now() / 1000) - 20 * 3600;
    while (!this.#isStopped) {
      const ahead = this.#published - (await this.committed()) / OBSERVATIONS_OF_PUBLISH;
      for (let i = ahead; i < this.aheadMax; i++) this.#publish(startS);
      await pause(2);
    }
  }

  #publish(startS: number): void {
    const n = this.#published++;
    const fromS = startS + Math.floor(n / LABS) * OBSERVATIONS_OF_PUBLISH;
    const rows = Array.from(
      { length: OBSERVATIONS_OF_PUBLISH },
      (_, i) => `{"timestamp":${fromS + i},"temp":${20 + (i % 50) / 100},"humidity":${45 + (i % 30) / 10}}`,
    );
    this.client.publish(`labs/lab-${n % LABS}/observation`, `[${rows.join()}]`, { qos: 1 });
  }
}

/**
 * Hands observations to an intake as long as it takes some. Sensors have connections of their own: those of one server wait
 * for it, and nobody else does.
 */
class Feed {
  readonly #intake: Intake;
  readonly #sides: readonly Side[];
  readonly #startMs = Date.now() - 3600_000;
  #isStopped = false;

  constructor(store: BucketStore) {
    const { lanes } = store;
    this.#intake = new Intake({
      store,
      grid: DEFAULT_GRID,
      limits: { payloadBytesMax: 65_536, arrayLengthMax: 1000, pendingMax: PENDING_MAX },
    });
    this.#sides = Array.from({ length: lanes?.count ?? 1 }, () => ({ labs: [], fed: 0, receipt: undefined }));
    for (let i = 0; i < FED_LABS; i++) this.#sides[lanes?.of(`lab-${i}`) ?? 0]!.labs.push(`lab-${i}`);
  }

  get committed(): number {
    return this.#intake.ledger.counters().committed;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#intake.stop(30_000);
  }

  async run(): Promise<void> {
    const atOnce = Math.ceil(1000 / this.#sides.length);
    while (!this.#isStopped) {
      for (const side of this.#sides) for (let i = 0; i < atOnce && this.#hand(side); i++);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** @returns whether the intake took one more of this side. */
  #hand(side: Side): boolean {
    const { labs, fed, receipt } = side;
    if (labs.length === 0 || this.#intake.isFullFor(receipt)) return false;
    const place = fed % labs.length;
    const timestamp = (this.#startMs + Math.floor(fed / labs.length) * 1000 + (place % 1000)) / 1000;
    this.#intake.receive(
      labs[place]!,
      Buffer.from(`{"timestamp":${timestamp},"temp":21.5,"humidity":45.2}`),
      '',
    );
    side.fed += 1;
    side.receipt = this.#intake.receipt;
    return true;
  }
}

/** The labs of one server. */
interface Side {
  readonly labs: string[];
  fed: number;
  /** Of what was fed last. */
  receipt: number | undefined;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
