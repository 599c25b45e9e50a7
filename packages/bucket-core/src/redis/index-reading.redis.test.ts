import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Service, startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { bucketStartS, labPartition } from '../index.js';
import { batchOf, CONTRACT_GRID, CONTRACT_OPTIONS, type Row } from '../store/store-contract.fixture.js';
import { Keys } from './keys.js';
import { ready } from './ready.fixture.js';
import { RedisStore } from './redis-store.js';

let service: Service;
let client: Redis;
let serial = 0;

before(async () => {
  service = await startRedis();
  client = new Redis(service.url);
});
after(async () => {
  client.disconnect();
  await service.close();
});

const [DAY] = CONTRACT_GRID.resolutions;
const OPTIONS = { ...CONTRACT_OPTIONS, labsMax: 10_000, replyTimeoutMs: 5000 };

/** A process that commits, and another that reads. */
async function openScene() {
  const prefix = `index${serial++}:`;
  const keys = new Keys(prefix);
  const nowMs = Date.now();
  const open = async () => {
    const store = new RedisStore({ ...OPTIONS, url: service.url, prefix });
    await ready(store);
    return store;
  };
  const [writer, reader] = [await open(), await open()];
  const startS = bucketStartS(nowMs, DAY!.durationS, CONTRACT_GRID.alignmentS);
  return {
    keys,
    writer,
    reader,
    nowMs,
    async add(labs: readonly string[]) {
      await writer.commit(
        batchOf(
          labs.map((lab): Row => [lab, 0, 20_000, 50_000]),
          nowMs,
        ),
        nowMs,
      );
    },
    /** The labs that have a bucket of today. */
    async read() {
      const labs: string[] = [];
      for await (const page of reader.buckets('all', DAY!, startS, nowMs))
        for (const { lab } of page) labs.push(lab);
      return labs.sort();
    },
    async close() {
      await writer.close();
      await reader.close();
    },
  };
}

/** How often a command was called while something was done. */
async function callsOf(command: string, work: () => Promise<unknown>): Promise<number> {
  const calls = async () => {
    const stats = await client.info('commandstats');
    return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
  };
  const earlier = await calls();
  await work();
  return (await calls()) - earlier;
}

const named = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `lab-${String(from + i).padStart(5, '0')}`);

test('what another process adds is in the next reading and in the next list of names', async () => {
  const scene = await openScene();
  try {
    let all: string[] = [];
    for (const count of [3, 1, 1, 400, 1, 2000, 1, 1]) {
      const added = named(all.length, all.length + count);
      await scene.add(added);
      all = [...all, ...added].sort();
      assert.deepEqual(await scene.read(), all);
      assert.deepEqual(await scene.reader.labs('', all.length + 1, scene.nowMs), all);
      const after = all[all.length >> 1]!;
      const behind = all.filter((lab) => lab > after).slice(0, 100);
      assert.deepEqual(await scene.reader.labs(after, 100, scene.nowMs), behind);
    }
  } finally {
    await scene.close();
  }
});

test('names of labs are sent once, and then those of partitions that have others', async () => {
  const scene = await openScene();
  try {
    await scene.add(named(0, 1500));
    await scene.read();
    assert.equal(await callsOf('zrange', scene.read), 0);
    assert.equal(await callsOf('zrange', () => scene.reader.labs('', 100, scene.nowMs)), 0);
    await scene.add(['other']);
    assert.equal(await callsOf('zrange', scene.read), 1);
    assert.equal(await callsOf('zrange', scene.read), 0);
  } finally {
    await scene.close();
  }
});

test('the names of few labs are read from the index alone, though most partitions have none', async () => {
  const scene = await openScene();
  try {
    await scene.add(named(0, 20));
    const names = (limit: number) => scene.reader.labs('', limit, scene.nowMs);
    assert.deepEqual(await names(5), named(0, 5));
    assert.equal(await callsOf('zrange', () => names(20)), 0, 'nothing has changed');
    await scene.add(named(20, 40));
    assert.deepEqual(await names(100), named(0, 40), 'also those of partitions that had none');
  } finally {
    await scene.close();
  }
});

test('a lab that was lost with others as many as came instead is not missed for more than one reading', async () => {
  const scene = await openScene();
  try {
    await scene.add(['lab']);
    assert.deepEqual(await scene.read(), ['lab']);
    const partition = labPartition('lab');
    const other = named(0, 9999).find((lab) => labPartition(lab) === partition)!;
    await client.del(scene.keys.head('lab'), scene.keys.labs(partition), scene.keys.names(partition));
    await scene.add([other]);
    await scene.read();
    assert.deepEqual(await scene.read(), [other]);
  } finally {
    await scene.close();
  }
});

test('after all was lost, nothing is listed', async () => {
  const scene = await openScene();
  try {
    await scene.add(named(0, 2000));
    assert.equal((await scene.read()).length, 2000);
    assert.equal((await scene.reader.labs('', 10, scene.nowMs)).length, 10);
    await client.flushall();
    assert.deepEqual(await scene.reader.labs('', 10, scene.nowMs), []);
    assert.deepEqual(await scene.read(), []);
  } finally {
    await scene.close();
  }
});

test('labs that are no more are not listed, and those that are left are', async () => {
  const scene = await openScene();
  try {
    await scene.add(named(0, 20));
    assert.equal((await scene.read()).length, 20);
    const gone = named(0, 20).filter((_, i) => i % 3 === 0);
    for (const lab of gone) await client.zadd(scene.keys.labs(labPartition(lab)), 1000, lab);
    const left = named(0, 20).filter((lab) => !gone.includes(lab));
    const fresh = new RedisStore({
      ...OPTIONS,
      url: service.url,
      prefix: scene.keys.prefix,
    });
    await ready(fresh);
    assert.deepEqual(await fresh.labs('', 100, scene.nowMs), left);
    await fresh.close();
  } finally {
    await scene.close();
  }
});
