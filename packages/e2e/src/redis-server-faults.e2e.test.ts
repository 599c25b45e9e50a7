import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { freePort, type Service, startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { freePorts, HumtempProcess } from './humtemp-process.js';
import { openRedisStore } from './oracle.js';
import {
  checkWhole,
  type FaultParts,
  pause,
  SEED,
  subscribed,
  timesSaid,
  underFault,
  underway,
  whileUnderway,
} from './redis-fault-harness.js';
import { until } from './until.js';

const run = promisify(execFile);

/**
 * A load most of whose observations need buckets of their own, and so memory; all of them live at every
 * resolution.
 */
const MANY_BUCKETS = { ratePerS: 1000, spanS: 72_000 };

/** Rows 5 to 8 of the fault matrix: Redis itself. */
describe(`a Redis (seed ${SEED})`, { concurrency: 4 }, () => {
  underFault('killed twice under load loses nothing, with appendfsync always', {}, async (parts) => {
    await killTwice(parts);
  });

  // Redis may answer before it writes while an fsync runs, for two seconds at most: the documented loss.
  underFault(
    'killed twice under load loses two seconds at most and never half a bucket, with appendfsync everysec',
    {
      redis: { appendfsync: 'everysec' },
      async verify({ load, store }, { lost, countedTwice }) {
        const lostMax = 2 * 2 * load.options.ratePerS!;
        assert.equal(countedTwice, 0);
        assert.ok(lost <= lostMax, `${lost} lost, and ${lostMax} at most may be`);
        await checkWhole(store);
      },
    },
    killTwice,
  );

  underFault(
    'killed twice under load loses nothing, with appendfsync everysec and durability fsync',
    {
      redis: { appendfsync: 'everysec' },
      env: { HUMTEMP_DURABILITY: 'fsync' },
      prepare: async (_, control) =>
        ((await control.command('INFO', 'WAITAOF')) as unknown[])[0] === null
          ? 'this Redis has no WAITAOF'
          : undefined,
    },
    killTwice,
  );

  underFault(
    'frozen for less than the timeout is waited for',
    { env: { HUMTEMP_REDIS_TIMEOUT: '20s' } },
    async (parts) => {
      await freeze(parts, 1500);
      return (ledger) => assert.equal(ledger.duplicate, 0, 'no commit was repeated');
    },
  );

  underFault(
    'frozen beyond the timeout executes late what was given up, and counts it once',
    // So few buckets that all of them are in the index, and what the frost catches is a commit.
    { load: { labs: 1, spanS: 1, ratePerS: 500 } },
    async (parts) => {
      while ((await parts.control.keys('humtemp:{*:lab:*')).length === 0) await pause(25);
      await freeze(parts, 3000);
      return (ledger) =>
        assert.equal(ledger.duplicate, 0, 'what was executed late is not taken for a duplicate');
    },
  );

  underFault(
    'frozen while the worker is stopped does not keep it, and what was not committed comes again',
    { env: { HUMTEMP_REDIS_TIMEOUT: '60s', HUMTEMP_STOP_GRACE: '1s' } },
    async (parts) => {
      await underway(parts, 0.3);
      await parts.redis.freeze();
      await underway(parts, 0.5);
      await parts.worker.stop();
      await parts.redis.thaw();
      parts.restartWorker();
    },
  );

  underFault(
    'whose memory is full refuses whole commits, acknowledges none of them, and goes on when it has room',
    { load: MANY_BUCKETS },
    async (parts) => {
      const { control, store } = parts;
      await underway(parts, 0.3);
      await fillMemory(control);
      await until(() => timesSaid(parts.worker, /OOM[^\n]*nothing is acknowledged/g) > 0);
      await underway(parts, 0.8);
      await checkWhole(store);
      // What it had acknowledged is not delivered again: it must be in the buckets already.
      await parts.worker.kill();
      parts.restartWorker();
      await control.config('SET', 'maxmemory', '0');
      await subscribed(parts.worker);
    },
  );

  underFault(
    'that dies after its replica did loses nothing when the replica takes over behind its name, with durability replica',
    { env: { HUMTEMP_DURABILITY: 'replica' }, load: { observations: 1000, labs: 5 } },
    async (parts) => {
      const { redis, control, proxy, worker } = parts;
      // It dies, too: only then is in its file what it has confirmed.
      const replica = await startRedis({
        directives: { appendonly: 'yes', appendfsync: 'always' },
        replicaOf: redis,
      });
      parts.onEnd(() => replica.close());
      await hasItsFile(replica);
      await underway(parts, 0.3);
      // What the primary takes alone must not be acknowledged: it dies with it.
      await replica.kill();
      await until(() => timesSaid(worker, /no replica has confirmed[^\n]*nothing is acknowledged/g) > 0);
      await underway(parts, 0.8);
      await redis.kill();
      await replica.start();
      const promoted = new Redis(replica.url);
      parts.onEnd(async () => promoted.disconnect());
      await promoted.replicaof('NO', 'ONE');
      proxy.switchTo(replica);
      // The old primary comes back as a replica of the new one.
      await redis.start();
      const { host, port } = await replica.peerAddress();
      await control.replicaof(host, port);
      parts.store = await openRedisStore(replica.url);
      parts.onEnd(() => parts.store.close());
    },
  );

  underFault('whose memory is full is what a worker that starts says it waits for', {}, async (parts) => {
    await parts.control.config('SET', 'maxmemory', 1);
    await parts.worker.kill();
    parts.restartWorker();
    await until(() => timesSaid(parts.worker, /OOM/g) > 0);
    await parts.control.config('SET', 'maxmemory', '0');
    await subscribed(parts.worker);
  });

  underFault(
    'whose memory is full makes /readyz say so, until it has room',
    { load: MANY_BUCKETS, isLoadHeld: true },
    async (parts) => {
      const ports = await freePorts();
      await parts.worker.stop();
      const start = new HumtempProcess(['start'], {
        ...ports.env,
        HUMTEMP_MQTT_URL: parts.load.options.url,
        HUMTEMP_MQTT_CLIENT_ID: 'w1',
        HUMTEMP_REDIS_URL: parts.redis.url,
      });
      parts.onEnd(() => start.kill());
      parts.worker = start;
      await start.ready(ports.baseUrl);
      await fillMemory(parts.control);
      // It is awaited at the end.
      parts.runLoad().catch(() => {});
      await until(() => timesSaid(start, /commit failed/g) > 0);
      const response = await fetch(`${ports.baseUrl}/readyz`);
      const body = await response.text();
      await parts.control.config('SET', 'maxmemory', '0');
      await start.ready(ports.baseUrl);
      assert.equal(response.status, 503, body);
      assert.match(body, /OOM/);
    },
  );

  test('that has a limit of memory and evicts gets nothing before that is mended, and says what to change', async () => {
    const redis = await startRedis({ directives: { maxmemory: '50mb', 'maxmemory-policy': 'volatile-ttl' } });
    const control = new Redis(redis.url);
    const ports = await freePorts();
    const api = new HumtempProcess(['api'], { ...ports.env, HUMTEMP_REDIS_URL: redis.url });
    try {
      const said = /maxmemory-policy is volatile-ttl: [^"]*→ maxmemory-policy noeviction/;
      await until(() => said.test(api.stderr));
      const readyz = () => fetch(`${ports.baseUrl}/readyz`).catch(() => undefined);
      let refused = await readyz();
      for (; refused === undefined; refused = await readyz()) await pause(20);
      assert.equal(refused.status, 503);
      assert.match(await refused.text(), said);
      await control.config('SET', 'maxmemory-policy', 'noeviction');
      await api.ready(ports.baseUrl);
      const { status, warnings } = (await (await fetch(`${ports.baseUrl}/readyz`)).json()) as {
        status: string;
        warnings: string[];
      };
      assert.equal(status, 'ready');
      assert.match(
        warnings.join(),
        /^Redis: there is no append-only file: [^,]* → appendonly yes in redis.conf$/,
      );
      await api.stop();
    } finally {
      control.disconnect();
      await api.kill();
      await redis.close();
    }
  });

  underFault(
    'whose disk is full refuses to write, and goes on by itself when it has room, with appendfsync everysec',
    { redis: { appendfsync: 'everysec' }, prepare: smallDisk },
    async (parts) => {
      await until(() => timesSaid(parts.worker, /MISCONF[^\n]*nothing is acknowledged/g) > 0);
      await underway(parts, 1);
      await checkWhole(parts.store);
      await growDisk(parts.control);
      await until(() => timesSaid(parts.worker, /commits succeed again/g) > 0);
    },
  );

  underFault(
    'whose disk is full ends, and has lost nothing when it is started with room, with appendfsync always',
    { prepare: smallDisk },
    async (parts) => {
      const folder = await dataFolder(parts.control);
      await until(() => /Can't recover from AOF write error/.test(parts.redis.log()));
      await underway(parts, 1);
      await run('mount', ['-o', 'remount,size=64m', folder]);
      await parts.redis.start();
    },
  );

  underFault('whose scripts are flushed again and again is given them again', {}, async (parts) => {
    await whileUnderway(parts, 20, () => parts.control.script('FLUSH'));
  });

  underFault('that kills its clients again and again is connected to again', {}, async (parts) => {
    await whileUnderway(parts, 300, () => parts.control.call('CLIENT', 'KILL', 'TYPE', 'normal'));
  });

  underFault(
    'that pauses its clients, about as long as the timeout and longer, is waited for',
    {},
    async (parts) => {
      await underway(parts, 0.2);
      for (const ms of [1000, 1500]) {
        await parts.control.client('PAUSE', ms);
        await pause(ms + 300);
      }
    },
  );

  underFault('that is made a replica for a while is written to again when it is none', {}, async (parts) => {
    const { control, worker } = parts;
    await underway(parts, 0.2);
    await control.replicaof('127.0.0.1', await freePort());
    await until(() => timesSaid(worker, /READONLY/g) > 0);
    await pause(1000);
    await control.replicaof('NO', 'ONE');
    await until(() => timesSaid(worker, /commits succeed again/g) > 0);
    // However often it is connected to meanwhile.
    assert.ok(timesSaid(worker, /out of reach[^\n]*\n/g) <= 3, worker.stderr);
  });

  underFault(
    'that loads its dataset is waited for',
    // Microseconds for each command that it reads.
    { redis: { 'key-load-delay': '300' }, load: MANY_BUCKETS },
    async (parts) => {
      // It looks at its clients after 1024 commands each.
      const pipeline = parts.control.pipeline();
      for (let i = 0; i < 3000; i++) pipeline.set(`not-ours:${i}`, '');
      await pipeline.exec();
      await underway(parts, 0.5);
      await parts.redis.kill();
      const started = parts.redis.start();
      // It is awaited below; if Redis does not say that it loads, that is the news.
      started.catch(() => {});
      const probe = new Redis(parts.redis.url, { enableReadyCheck: false, enableOfflineQueue: true });
      parts.onEnd(async () => probe.disconnect());
      probe.on('error', () => {});
      await assert.rejects(probe.get('x'), /LOADING/);
      await started;
    },
  );
});

/**
 * A replica confirms what is in no file of it until the first rewrite after its synchronization is over, whatever
 * appendfsync says.
 */
async function hasItsFile(replica: Service): Promise<void> {
  const redis = new Redis(replica.url);
  redis.on('error', () => {});
  let hasIt = false;
  try {
    for (let i = 0; i < 400 && !hasIt; i++) {
      await pause(25);
      const isSynchronized = /master_link_status:up/.test(await redis.info('replication'));
      hasIt =
        isSynchronized &&
        /aof_rewrite_in_progress:0\s+aof_rewrite_scheduled:0/.test(await redis.info('persistence'));
    }
  } finally {
    redis.disconnect();
  }
  assert.ok(hasIt, 'the replica has not written its file');
}

async function killTwice(parts: FaultParts): Promise<void> {
  for (const share of [0.3, 0.6]) {
    await underway(parts, share);
    await parts.redis.kill();
    await pause(300);
    await parts.redis.start();
  }
}

async function freeze(parts: FaultParts, ms: number): Promise<void> {
  await underway(parts, 0.3);
  await parts.redis.freeze();
  await pause(ms);
  await parts.redis.thaw();
}

/** Leaves no room for an observation. */
async function fillMemory(control: Redis): Promise<void> {
  const used = /used_memory:(\d+)/.exec(await control.info('memory'))![1];
  await control.config('SET', 'maxmemory', Math.floor(Number(used) / 2));
}

/** Puts the append-only file on a disk that the load is too large for. */
async function smallDisk(
  redis: Service,
  control: Redis,
  onEnd: FaultParts['onEnd'],
): Promise<string | undefined> {
  if (redis.source === 'docker' || process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'only root can mount a small disk, and only under a Redis of this machine';
  const folder = await dataFolder(control);
  await redis.terminate();
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  } catch (error) {
    return `cannot mount a tmpfs: ${(error as Error).message}`;
  }
  onEnd(async () => {
    await redis.kill();
    await run('umount', [folder]);
  });
  await redis.start();
  return undefined;
}

async function growDisk(control: Redis): Promise<void> {
  await run('mount', ['-o', 'remount,size=64m', await dataFolder(control)]);
}

async function dataFolder(control: Redis): Promise<string> {
  const [, folder] = (await control.config('GET', 'dir')) as string[];
  return folder!;
}
