import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisStore } from '@humtemp/bucket-core/redis';
import { type Service, startMosquitto, startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { HumtempProcess } from './humtemp-process.js';
import { checkExact, openRedisStore, settled } from './oracle.js';
import { type LoadOptions, RecordedLoad } from './recorded-load.js';
import { until } from './until.js';

const GENEROUS = 'max_inflight_messages 65535\nmax_queued_messages 1000000\nsys_interval 1\n';
const PERSISTENT = `${GENEROUS}persistence true\nautosave_interval 1\n`;
/** After so long Mosquitto has saved, with autosave_interval 1. */
const SAVED_MS = 1500;
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));

let redis: Service;
let store: RedisStore;
/** Whatever a test has opened; closed after it, last first. */
const opened: (() => Promise<unknown>)[] = [];

before(async () => {
  redis = await startRedis({ directives: { appendonly: 'yes', appendfsync: 'always' } });
});
after(() => redis.close());
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** A broker, and a Redis without keys. */
async function surroundings(config: string): Promise<Service> {
  const mosquitto = await startMosquitto({ config });
  opened.push(() => mosquitto.close());
  const client = new Redis(redis.url);
  await client.flushall();
  client.disconnect();
  store = await openRedisStore(redis.url);
  opened.push(() => store.close());
  return mosquitto;
}

function startWorker(mosquitto: Service, id: string, env: Record<string, string> = {}): HumtempProcess {
  const worker = new HumtempProcess(['worker'], {
    HUMTEMP_MQTT_URL: mosquitto.url,
    HUMTEMP_MQTT_CLIENT_ID: id,
    HUMTEMP_REDIS_URL: redis.url,
    ...env,
  });
  opened.push(() => worker.kill());
  return worker;
}

const subscriptions = (worker: HumtempProcess) => worker.stderr.split('"msg":"subscribed"').length - 1;
const subscribed = (worker: HumtempProcess, times = 1) => until(() => subscriptions(worker) >= times);

function load(mosquitto: Service, options: Partial<LoadOptions> = {}): RecordedLoad {
  const one = new RecordedLoad({ url: mosquitto.url, observations: 3000, labs: 20, seed: SEED, ...options });
  opened.push(() => one.close());
  return one;
}

describe(`a worker (seed ${SEED})`, () => {
  test('killed in a loop under load counts everything once', async () => {
    const mosquitto = await surroundings(PERSISTENT);
    let worker = startWorker(mosquitto, 'w1');
    await subscribed(worker);
    const one = load(mosquitto, { observations: 6000, ratePerS: 2000 });
    const running = one.run();
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 300 + 300 * Math.random()));
      await worker.kill();
      worker = startWorker(mosquitto, 'w1');
    }
    await running;
    await settled(one.record, store);
    await checkExact(one.record, store);
    await worker.stop();
  });

  test('stopped under load acknowledges nothing that is not counted, ends in time, and its successor goes on', async () => {
    const mosquitto = await surroundings(PERSISTENT);
    const first = startWorker(mosquitto, 'w1');
    await subscribed(first);
    const one = load(mosquitto, { observations: 6000, ratePerS: 3000 });
    const running = one.run();
    await new Promise((resolve) => setTimeout(resolve, 700));
    const ledger = await first.stop();
    assert.equal(ledger.in_flight, 0);
    assert.ok(ledger.committed > 0 && ledger.committed < 6000);
    const second = startWorker(mosquitto, 'w1');
    await running;
    await settled(one.record, store);
    await checkExact(one.record, store);
    const rest = await second.stop();
    assert.equal(ledger.committed + rest.committed, 6000, 'nothing acknowledged was delivered again');
  });

  test('frozen for longer than its keep-alive is served again without loss', async () => {
    const mosquitto = await surroundings(GENEROUS);
    const worker = startWorker(mosquitto, 'w1', { HUMTEMP_MQTT_KEEPALIVE: '1s' });
    await subscribed(worker);
    const one = load(mosquitto, { ratePerS: 1000 });
    const running = one.run();
    await new Promise((resolve) => setTimeout(resolve, 500));
    worker.signal('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    worker.signal('SIGCONT');
    await running;
    await settled(one.record, store);
    await checkExact(one.record, store);
    await worker.stop();
  });

  test('of two with one client id stops, with a clear message, and the other goes on', async () => {
    const mosquitto = await surroundings(GENEROUS);
    const both = [startWorker(mosquitto, 'same')];
    await subscribed(both[0]!);
    both.push(startWorker(mosquitto, 'same'));
    await until(() => both.some((worker) => worker.exitCode !== null));
    const loser = both.find((worker) => worker.exitCode !== null)!;
    assert.equal(loser.exitCode, 1);
    assert.match(loser.stderr, /another client took over the session same.*HUMTEMP_MQTT_CLIENT_ID/);
    const one = load(mosquitto, { observations: 200 });
    await one.run();
    await settled(one.record, store);
    await checkExact(one.record, store);
    await both.find((worker) => worker !== loser)!.stop();
  });

  test('that is gone for good leaves nothing stranded: another takes in its share', async () => {
    const mosquitto = await surroundings(PERSISTENT);
    const workers = ['w1', 'w2'].map((id) => startWorker(mosquitto, id, { HUMTEMP_MQTT_ADOPT_AFTER: '3s' }));
    for (const worker of workers) await subscribed(worker);
    await workers[0]!.kill();
    const one = load(mosquitto, { observations: 2000 });
    await one.run();
    const verdict = await settled(one.record, store, 20_000);
    assert.equal(verdict.lost, 0);
    await checkExact(one.record, store);
    await until(() => workers[1]!.stderr.includes('took in what had waited for a worker that is gone'));
    await workers[1]!.stop();
  });
});

describe(`a broker (seed ${SEED})`, () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const)
    test(`restarted with ${signal} under load, and everything it had acknowledged saved, loses nothing`, async () => {
      const config = signal === 'SIGKILL' ? `${PERSISTENT}autosave_on_changes true\n` : PERSISTENT;
      const mosquitto = await surroundings(config);
      // Mosquitto 2.0 saves a session's subscriptions, but not the shared ones: see docs/losses.md.
      const worker = startWorker(mosquitto, 'w1', { HUMTEMP_MQTT_GROUP: '' });
      await subscribed(worker);
      const one = load(mosquitto, { observations: 2000, ratePerS: 700 });
      const running = one.run();
      for (let i = 1; i <= 2; i++) {
        await sleep(700);
        if (signal === 'SIGTERM') await mosquitto.terminate();
        else {
          // Mosquitto sends a PUBACK before it saves: what it acknowledged just before a kill is lost.
          await one.pause();
          await sleep(SAVED_MS);
          await mosquitto.kill();
          one.resume();
        }
        await mosquitto.start();
        await subscribed(worker, i + 1);
      }
      await running;
      await settled(one.record, store);
      await checkExact(one.record, store);
      await worker.stop();
    });

  test('that comes back without its sessions is subscribed to again, and the loss is told', async () => {
    const mosquitto = await surroundings(GENEROUS);
    const worker = startWorker(mosquitto, 'w1');
    await subscribed(worker);
    const one = load(mosquitto, { observations: 500 });
    await one.run();
    await settled(one.record, store);
    await mosquitto.kill();
    await mosquitto.start();
    await subscribed(worker, 2);
    await until(() => worker.stderr.includes('the broker had lost our session'));
    const other = load(mosquitto, { observations: 500, seed: SEED + 1, labs: 1, spanS: 60 });
    await other.run();
    for (const [lab, record] of other.record) {
      const before = one.record.get(lab)!;
      one.record.set(lab, {
        observations: before.observations + record.observations,
        tempSum: before.tempSum + record.tempSum,
        humiditySum: before.humiditySum + record.humiditySum,
        tempMin: Math.min(before.tempMin, record.tempMin),
        tempMax: Math.max(before.tempMax, record.tempMax),
      });
    }
    await settled(one.record, store);
    await checkExact(one.record, store);
    await worker.stop();
  });

  test('frozen for a while loses nothing', async () => {
    const mosquitto = await surroundings(GENEROUS);
    const worker = startWorker(mosquitto, 'w1', { HUMTEMP_MQTT_KEEPALIVE: '1s' });
    await subscribed(worker);
    const one = load(mosquitto, { ratePerS: 1500 });
    const running = one.run();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await mosquitto.freeze();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await mosquitto.thaw();
    await running;
    await settled(one.record, store);
    await checkExact(one.record, store);
    await worker.stop();
  });

  test('that drops because its queue is full says so: the shortfall is its counter, and the worker warns', async () => {
    const mosquitto = await surroundings(
      'max_queued_messages 100\nmax_inflight_messages 10\nsys_interval 1\n',
    );
    const first = startWorker(mosquitto, 'w1');
    await subscribed(first);
    await first.stop();
    const one = load(mosquitto, { observations: 400 });
    const dropped = await droppedBy(mosquitto);
    await one.run();
    const second = startWorker(mosquitto, 'w1');
    await subscribed(second);
    const verdict = await settled(one.record, store, 4000);
    assert.ok(verdict.lost > 0, 'the queue did overflow');
    assert.equal(verdict.countedTwice, 0);
    await until(() => dropped.total() === verdict.lost);
    const again = load(mosquitto, { observations: 1000, seed: SEED + 1 });
    await second.kill();
    await again.run();
    const third = startWorker(mosquitto, 'w1');
    await subscribed(third);
    await until(() => dropped.total() > verdict.lost);
    await third.stop();
  });
});

/** Follows Mosquitto's own counter. */
async function droppedBy(mosquitto: Service): Promise<{ total: () => number }> {
  const { connectAsync } = await import('mqtt');
  const client = await connectAsync(mosquitto.url);
  opened.push(() => client.endAsync(true));
  let total = 0;
  client.on('message', (_topic, payload) => {
    total = Number(payload.toString());
  });
  await client.subscribeAsync('$SYS/broker/publish/messages/dropped');
  return { total: () => total };
}
