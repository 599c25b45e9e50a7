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

/**
 * A request that commits: the script comes in full once, and by its digest from then on; its first key is its
 * record.
 */
export const COMMIT = /\r\neval(sha)?\r\n[\s\S]*\}:done:/i;

/** Durable as the matrix asks: what Redis has answered is on disk. */
const REDIS = { appendonly: 'yes', appendfsync: 'always' };
const MOSQUITTO = 'max_inflight_messages 65535\nmax_queued_messages 1000000\n';
const REDIS_TIMEOUT_MS = 1000;
/** Several times what a test takes on a busy machine: after this, something hangs. */
const TEST_MS_MAX = 90_000;

/** Everything between a sensor and its buckets, and what hurts it. */
export interface FaultParts {
  readonly redis: Service;
  /** For direct commands to Redis, past the proxy. */
  readonly control: Redis;
  /** Between the worker and Redis. */
  readonly proxy: FaultProxy;
  /** Runs while the fault does. */
  readonly load: RecordedLoad;
  /** Begins the load, if it has not begun. Resolves when all of it is acknowledged by the broker. */
  runLoad(): Promise<void>;
  /** Past the proxy; another, once another server has taken over. */
  store: RedisStore;
  worker: HumtempProcess;
  /** Starts another in its place, once it is gone. */
  restartWorker(): void;
  /** Runs after the test, whatever became of it; the last first. */
  onEnd(close: () => Promise<unknown>): void;
  /** Whether the test has taken so long that it was given up; then nothing may go on. */
  isGivenUp(): boolean;
}

export interface FaultSetting {
  /** Lines of redis.conf besides the durable ones. */
  readonly redis?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly load?: Partial<LoadOptions>;
  /** Whether the load begins when the fault calls for it, not before. */
  readonly isLoadHeld?: boolean;
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
 * A test: a load through Mosquitto and a worker into Redis while `fault` does what it does. Once it has
 * undone that, everything must settle by itself and be exact, and the worker end well, with books that
 * balance. A test that hangs is given up, and fails.
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
    let parts: FaultParts | undefined;
    let isGivenUp = false;
    const body = async () => {
      // What is opened once the test was given up is closed at once.
      const onEnd = (close: () => Promise<unknown>) =>
        isGivenUp ? void close().catch(() => {}) : void closers.push(close);
      parts = await startParts(setting, onEnd, () => isGivenUp, context);
      if (parts === undefined) return;
      // It is awaited below; if the fault fails first, that is the news.
      if (!setting.isLoadHeld) parts.runLoad().catch(() => {});
      const check = await fault(parts);
      await parts.proxy.heal();
      await parts.runLoad();
      const verdict = await settled(parts.load.record, parts.store);
      await (setting.verify ?? exact)(parts, verdict);
      const ledger = await parts.worker.stop();
      check?.(ledger);
    };
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        isGivenUp = true;
        reject(new Error(`given up: not over after ${TEST_MS_MAX} ms`));
      }, TEST_MS_MAX);
    });
    const failures: unknown[] = [];
    try {
      await Promise.race([body(), tooLate]);
    } catch (error) {
      context.diagnostic(diagnosis(parts));
      failures.push(error);
    }
    clearTimeout(timer);
    for (const close of closers.reverse()) await close().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  });
}

function diagnosis(parts: FaultParts | undefined): string {
  if (parts === undefined) return `SEED=${SEED}; it had not begun`;
  const { load, worker } = parts;
  const { acknowledged, published, options } = load;
  return [
    `SEED=${SEED}`,
    `${published} of ${options.observations} observations published, ${acknowledged} acknowledged`,
    `the worker, exit code ${worker.exitCode}, said:\n${worker.stderr}`,
  ].join('; ');
}

async function startParts(
  setting: FaultSetting,
  onEnd: FaultParts['onEnd'],
  isGivenUp: FaultParts['isGivenUp'],
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
  let running: Promise<void> | undefined;
  const parts: FaultParts = {
    redis,
    control,
    proxy,
    load,
    runLoad() {
      running ??= load.run();
      return running;
    },
    store,
    worker: startWorker(),
    onEnd,
    isGivenUp,
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

/** Does something again and again, until all of the load is acknowledged by the broker. */
export async function whileUnderway(
  { load, isGivenUp }: FaultParts,
  everyMs: number,
  something: () => Promise<unknown>,
): Promise<void> {
  while (load.acknowledged < load.options.observations && !isGivenUp()) {
    await something();
    await pause(everyMs);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Every lab's buckets of one resolution, merged, are those of every other: none is torn. Nothing may be
 * committed meanwhile.
 */
export async function checkWhole(store: RedisStore): Promise<void> {
  const [first, ...others] = await Promise.all(
    DEFAULT_GRID.resolutions.map((resolution) => countedByLab(store, resolution)),
  );
  for (const other of others) assert.deepEqual(other, first);
}
