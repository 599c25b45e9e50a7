import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LedgerCounters } from '@humtemp/bucket-core';
import type { RedisStore } from '@humtemp/bucket-core/redis';
import { type Service, startMosquitto, startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { DEFAULT_GRID } from './default-grid.js';
import { FaultProxy } from './fault-proxy.js';
import { HumtempProcess } from './humtemp-process.js';
import { checkExact, countedByLab, openRedisStore, settled, type Verdict } from './oracle.js';
import { type LoadOptions, RecordedLoad } from './recorded-load.js';
import { until } from './until.js';

/** Seed of every load of this run; SEED=… repeats another run. */
export const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));

/** A request that commits: the script comes in full once for each connection, and by its digest from then on. */
export const COMMIT = /\r\neval(sha)?\r\n/i;

/** Durable as the matrix asks: what Redis has answered is on disk. */
const REDIS = { appendonly: 'yes', appendfsync: 'always' };
const MOSQUITTO = 'max_inflight_messages 65535\nmax_queued_messages 1000000\n';
const REDIS_TIMEOUT_MS = 1000;

/** Everything between a sensor and its buckets, and what hurts it. */
export interface FaultParts {
  readonly redis: Service;
  /** For direct commands to Redis, past the proxy. */
  readonly control: Redis;
  /** Between the worker and Redis. */
  readonly proxy: FaultProxy;
  /** Runs while the fault does. */
  readonly load: RecordedLoad;
  /** Past the proxy. */
  readonly store: RedisStore;
  worker: HumtempProcess;
  /** Starts another in its place, once it is gone. */
  restartWorker(): void;
  /** Runs after the test, whatever became of it; the last first. */
  onEnd(close: () => Promise<unknown>): void;
}

export interface FaultSetting {
  /** Lines of redis.conf besides the durable ones. */
  readonly redis?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly load?: Partial<LoadOptions>;
  /** Before anything else uses Redis. Returns why the test cannot run here, if so. */
  readonly prepare?: (
    redis: Service,
    control: Redis,
    onEnd: FaultParts['onEnd'],
  ) => Promise<string | undefined>;
  /** What must hold in the end; by default everything is counted exactly. */
  readonly verify?: (parts: FaultParts, verdict: Verdict) => Promise<unknown>;
}

/**
 * A test: a load through Mosquitto and a worker into Redis while `fault` does what it does. Once it has undone that,
 * everything must settle by itself and be exact, and the worker end well, with books that balance.
 * @param fault may return a check of the ledger with which the worker ended.
 */
export function underFault(
  name: string,
  setting: FaultSetting,
  // biome-ignore lint/suspicious/noConfusingVoidType: most return nothing.
  fault: (parts: FaultParts) => Promise<void | ((ledger: LedgerCounters) => void)>,
): void {
  test(name, async (context) => {
    const closers: (() => Promise<unknown>)[] = [];
    const onEnd = (close: () => Promise<unknown>) => void closers.push(close);
    let parts: FaultParts | undefined;
    try {
      parts = await startParts(setting, onEnd, context);
      if (parts === undefined) return;
      const running = parts.load.run();
      // It is awaited below; if the fault fails first, that is the news.
      running.catch(() => {});
      const check = await fault(parts);
      await parts.proxy.heal();
      await running;
      const verdict = await settled(parts.load.record, parts.store);
      await (setting.verify ?? exact)(parts, verdict);
      const ledger = await parts.worker.stop();
      check?.(ledger);
    } catch (error) {
      context.diagnostic(`SEED=${SEED}; the worker said:\n${parts?.worker.stderr}`);
      throw error;
    } finally {
      for (const close of closers.reverse()) await close();
    }
  });
}

async function startParts(
  setting: FaultSetting,
  onEnd: FaultParts['onEnd'],
  context: TestContext,
): Promise<FaultParts | undefined> {
  const [redis, mosquitto] = await Promise.all([
    startRedis({ directives: { ...REDIS, ...setting.redis } }),
    startMosquitto({ config: MOSQUITTO }),
  ]);
  onEnd(() => Promise.all([redis.close(), mosquitto.close()]));
  const control = new Redis(redis.url);
  // It comes back by itself when the fault is over.
  control.on('error', () => {});
  onEnd(async () => control.disconnect());
  const reason = await setting.prepare?.(redis, control, onEnd);
  if (reason !== undefined) {
    context.skip(reason);
    return undefined;
  }
  const store = await openRedisStore(redis.url);
  onEnd(() => store.close());
  const proxy = await FaultProxy.start({ target: redis });
  onEnd(() => proxy.close());
  const load = new RecordedLoad({
    url: mosquitto.url,
    observations: 3000,
    labs: 20,
    ratePerS: 1500,
    seed: SEED,
    ...setting.load,
  });
  onEnd(() => load.close());

  const startWorker = () => {
    const worker = new HumtempProcess(['worker'], {
      HUMTEMP_MQTT_URL: mosquitto.url,
      HUMTEMP_MQTT_CLIENT_ID: 'w1',
      HUMTEMP_REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
      HUMTEMP_REDIS_TIMEOUT: `${REDIS_TIMEOUT_MS / 1000}s`,
      ...setting.env,
    });
    onEnd(() => worker.kill());
    return worker;
  };
  const parts: FaultParts = {
    redis,
    control,
    proxy,
    load,
    store,
    worker: startWorker(),
    onEnd,
    restartWorker() {
      parts.worker = startWorker();
    },
  };
  await subscribed(parts.worker);
  return parts;
}

async function exact({ load, store }: FaultParts): Promise<void> {
  await checkExact(load.record, store);
}

/** Resolves once a worker serves. */
export function subscribed(worker: HumtempProcess): Promise<void> {
  return until(() => subscriptions(worker) > 0);
}

/** How often a worker has subscribed, which it does on each connection to the broker. */
export function subscriptions(worker: HumtempProcess): number {
  return timesSaid(worker, /"msg":"subscribed"/g);
}

/** How often the worker's log has it. */
export function timesSaid(worker: HumtempProcess, what: RegExp): number {
  return [...worker.stderr.matchAll(what)].length;
}

/** Resolves when this share of the load is acknowledged by the broker. */
export async function underway({ load }: FaultParts, share: number): Promise<void> {
  await until(() => load.acknowledged >= share * load.options.observations);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Every lab's buckets of one resolution, merged, are those of every other: none is torn. Nothing may be committed meanwhile. */
export async function checkWhole(store: RedisStore): Promise<void> {
  const [first, ...others] = await Promise.all(
    DEFAULT_GRID.resolutions.map((resolution) => countedByLab(store, resolution)),
  );
  for (const other of others) assert.deepEqual(other, first);
}
