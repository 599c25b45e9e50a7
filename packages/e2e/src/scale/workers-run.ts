import { setTimeout as pause } from 'node:timers/promises';
import { type Service, startMosquitto, startRedis } from '@humtemp/test-services';
import { FaultProxy } from '../fault-proxy.js';
import { HumtempProcess } from '../humtemp-process.js';
import { checkExact, openRedisStore, settled, type Verdict } from '../oracle.js';
import { until } from '../until.js';
import { FleetLoad } from './fleet-load.js';
import type { Say } from './say.js';

export interface WorkersRunOptions {
  /** One, or two: then the second is restarted under load. */
  readonly brokers: 1 | 2;
  readonly observations: number;
  readonly ratePerS: number;
  readonly labs: number;
  readonly seed: number;
  /** HUMTEMP_MQTT_ADOPT_AFTER */
  readonly adoptAfter: string;
  readonly say: Say;
}

export interface WorkersReport extends Verdict {
  readonly resent: number;
  /** From the last acknowledgement of the brokers until everything was committed. */
  readonly committedAfterMs: number;
}

/**
 * Workers of one group at one or two brokers: 1, 4, 2 and 5 of them under load. The two that go are killed, and never come back.
 * @throws AssertionError unless everything is counted once
 */
export async function workersRun(options: WorkersRunOptions): Promise<WorkersReport> {
  const { say } = options;
  const redis = await startRedis({ directives: { appendonly: 'yes' } });
  const brokers = await Promise.all(Array.from({ length: options.brokers }, startBroker));
  const urls = brokers.map(({ url }) => url).join(',');
  const workers: HumtempProcess[] = [];
  let named = 0;
  const start = async (count: number) => {
    const fresh = Array.from({ length: count }, () => {
      named += 1;
      return new HumtempProcess(['worker'], {
        HUMTEMP_MQTT_URL: urls,
        HUMTEMP_MQTT_CLIENT_ID: `pod-${named}`,
        HUMTEMP_MQTT_ADOPT_AFTER: options.adoptAfter,
        HUMTEMP_REDIS_URL: redis.url,
      });
    });
    workers.push(...fresh);
    await until(() => fresh.every((worker) => subscriptions(worker) === brokers.length));
    say(`${workers.length} workers`);
  };
  const entrances = await Promise.all(
    brokers.map(({ host, port }) => FaultProxy.start({ target: { host, port } })),
  );
  let load: FleetLoad | undefined;
  try {
    await start(1);
    load = new FleetLoad({
      ...options,
      urls: entrances.map(({ port }) => `mqtt://127.0.0.1:${port}`),
      connections: 2 * brokers.length,
    });
    const running = load.run();
    running.catch(() => {});
    const phaseMs = (options.observations / options.ratePerS) * 250;
    await pause(phaseMs);
    await start(3);
    await pause(phaseMs / 2);
    if (brokers.length > 1) await restart(brokers[1]!, entrances[1]!, workers, say);
    await pause(phaseMs / 2);
    for (const worker of workers.splice(1, 2)) await worker.kill();
    say(`2 workers: two were killed for good; ${load.acknowledged} acknowledged`);
    await pause(phaseMs);
    await start(3);
    await running;
    const endMs = performance.now();
    const store = await openRedisStore(redis.url);
    try {
      await settled(load.record, store, 60_000);
      const committedAfterMs = Math.round(performance.now() - endMs);
      const verdict = await checkExact(load.record, store);
      for (const worker of workers) {
        const { committed, duplicate } = await worker.stop();
        const adopted = worker.stderr.split('took in what had waited').length - 1;
        say(`a worker counted ${committed}, ${duplicate} duplicates; it emptied ${adopted} sessions`);
      }
      return { ...verdict, resent: load.resent, committedAfterMs };
    } finally {
      await store.close();
    }
  } finally {
    await load?.close();
    for (const worker of workers) await worker.kill();
    await Promise.all([...entrances, ...brokers, redis].map((one) => one.close()));
  }
}

function startBroker(): Promise<Service> {
  return startMosquitto({
    config: 'max_inflight_messages 65535\nmax_queued_messages 1000000\npersistence true\nautosave_interval 1',
  });
}

/**
 * Mosquitto 2.0 saves sessions but not their shared subscriptions: publishers come in after the workers, as the guide for
 * operators asks.
 */
async function restart(
  broker: Service,
  entrance: FaultProxy,
  workers: readonly HumtempProcess[],
  say: Say,
): Promise<void> {
  const before = workers.map(subscriptions);
  entrance.refuse();
  entrance.cut();
  await broker.terminate();
  await broker.start();
  await until(() => workers.every((worker, i) => subscriptions(worker) > before[i]!));
  entrance.heal();
  say('a broker was restarted');
}

function subscriptions(worker: HumtempProcess): number {
  return worker.stderr.split('"msg":"subscribed"').length - 1;
}
