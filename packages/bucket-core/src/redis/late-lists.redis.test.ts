import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pause, type Service, startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { bucketStartS, emptyAggregate, type Resolution } from '../index.js';
import {
  batchOf,
  CONTRACT_GRID,
  CONTRACT_OPTIONS,
  HOUR_S,
  nowInBucket,
  type Row,
} from '../store/store-contract.fixture.js';
import { Keys, PARTITIONS } from './keys.js';
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

const LABS = Array.from({ length: 60 }, (_, i) => `lab-${i}`);
const [, FIVE, HOUR] = CONTRACT_GRID.resolutions as [Resolution, Resolution, Resolution];
const HOURS = 7;
const AGO_S = 5 * HOUR_S;
/** Five minutes are kept for two hours. */
const agoSOf = (resolution: Resolution) => (resolution === HOUR ? AGO_S : 1.5 * HOUR_S);

interface Scene {
  readonly store: RedisStore;
  readonly keys: Keys;
  readonly nowMs: number;
  open(): Promise<RedisStore>;
  /** How many observations of each lab an old bucket has. */
  counts(resolution: Resolution): Promise<readonly number[]>;
  /** Keys that one reading of an old bucket asks for. */
  asked(resolution: Resolution): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Labs with hours on pages, two observations in each five minutes. */
async function openScene(): Promise<Scene> {
  const prefix = `late${serial++}:`;
  const keys = new Keys(prefix);
  const nowMs = nowInBucket();
  const stores: RedisStore[] = [];
  const open = async () => {
    // So that hours have pages of their own, and five minutes have none.
    const options = { ...CONTRACT_OPTIONS, deduplicationHorizonS: 24 * HOUR_S };
    const store = new RedisStore({ ...options, url: service.url, prefix, replyTimeoutMs: 5000 });
    await ready(store);
    stores.push(store);
    return store;
  };
  const store = await open();
  // A few at a time: of many at a time more are left to be folded.
  for (let agoS = HOURS * HOUR_S; agoS > 0; agoS -= 600) {
    const rows = LABS.flatMap((lab, i) =>
      [0, 1, 2, 3].map((k): Row => [lab, agoS - k * 150, 20_000 + i, 50_000 + k]),
    );
    await store.commit(batchOf(rows, nowMs), nowMs);
    await store.whenFolded();
  }
  const startOf = (resolution: Resolution) =>
    bucketStartS(nowMs - agoSOf(resolution) * 1000, resolution.durationS, CONTRACT_GRID.alignmentS);
  const counts = async (resolution: Resolution) => {
    const found = new Map<string, number>();
    for await (const page of store.buckets('all', resolution, startOf(resolution), nowMs))
      for (const { lab, aggregate } of page) found.set(lab, aggregate.observations);
    return LABS.map((lab) => found.get(lab) ?? 0);
  };
  return {
    store,
    keys,
    nowMs,
    open,
    counts,
    async asked(resolution) {
      const asked: string[] = [];
      const reads = store.connections.reads as unknown as { sendCommand(command: Sent): unknown };
      const send = reads.sendCommand;
      reads.sendCommand = function (command) {
        if (command.name === 'mget') asked.push(...`${command.toWritable()}`.split('\r\n'));
        return send.call(this, command);
      };
      await counts(resolution);
      reads.sendCommand = send;
      return asked.filter((text) => text.startsWith(prefix));
    },
    async close() {
      for (const one of stores) await one.close();
    },
  };
}

interface Sent {
  readonly name: string;
  toWritable(): unknown;
}

const isHead = (key: string) => key.includes('}:lab:');

/** Whether every partition has its list, and nobody is on it who is not late. */
async function areBegun({ keys }: Scene): Promise<boolean> {
  for (const partition of PARTITIONS)
    if ((await client.zrange(keys.late(partition), '0', '1')).join() !== '') return false;
  return (await client.exists(...PARTITIONS.map((one) => keys.late(one)))) === PARTITIONS.length;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let i = 0; !(await isSo()); i++) {
    assert.ok(i < 400, 'it does not come to be so');
    await pause(10);
  }
}

/** Reads once, so that lists are begun. */
async function begun(scene: Scene): Promise<void> {
  await scene.counts(HOUR);
  await until(() => areBegun(scene));
}

for (const [name, resolution] of [
  ['hours', HOUR],
  ['five minutes', FIVE],
] as const)
  test(`pages alone are read for ${name} ago, and heads of labs that are late`, async () => {
    const scene = await openScene();
    try {
      const before = await scene.counts(resolution);
      await begun(scene);
      assert.deepEqual(await scene.counts(resolution), before);
      const asked = await scene.asked(resolution);
      assert.ok(asked.length >= LABS.length);
      assert.deepEqual(asked.filter(isHead), []);
      await scene.store.commit(batchOf([['lab-3', agoSOf(resolution), 1, 1]], scene.nowMs), scene.nowMs);
      assert.deepEqual((await scene.asked(resolution)).filter(isHead), [scene.keys.head('lab-3')]);
      const with3 = before.map((count, i) => (i === 3 ? count + 1 : count));
      assert.deepEqual(await scene.counts(resolution), with3);
      // Once it is folded, its pages have all again.
      for (let i = 0; i < 40; i++) {
        await scene.store.commit(batchOf([['lab-3', -120 * i, i, i]], scene.nowMs), scene.nowMs);
        await scene.store.whenFolded();
      }
      assert.deepEqual((await scene.asked(resolution)).filter(isHead), []);
      assert.deepEqual(await scene.counts(resolution), with3);
    } finally {
      await scene.close();
    }
  });

test('a reading has what was committed before it, while late observations come and are folded', async () => {
  const scene = await openScene();
  try {
    await begun(scene);
    const before = await scene.counts(HOUR);
    const writers = [scene.store, await scene.open()];
    const sent = LABS.map(() => 0);
    const committed = LABS.map(() => 0);
    const endMs = performance.now() + 1200;
    const commits = writers.map(async (writer, w) => {
      for (let k = 0; performance.now() < endMs; k++) {
        const some = [...LABS.keys()].filter((i) => (i + k) % 3 === 0);
        const rows = some.map((i): Row => [LABS[i]!, AGO_S + k / 1000, 30_000 + w, k]);
        for (const i of some) sent[i]! += 1;
        const result = await writer.commit(batchOf(rows, scene.nowMs), scene.nowMs);
        assert.equal(result.committed, rows.length);
        for (const i of some) committed[i]! += 1;
      }
    });
    let readings = 0;
    for (; performance.now() < endMs; readings++) {
      const least = [...committed];
      const found = await scene.counts(HOUR);
      for (const [i, count] of found.entries()) {
        const late = count - before[i]!;
        assert.ok(late >= least[i]! && late <= sent[i]!, `${LABS[i]}: ${late}, ${least[i]} to ${sent[i]}`);
      }
    }
    await Promise.all(commits);
    assert.ok(readings > 3);
    const last = before.map((count, i) => count + sent[i]!);
    assert.deepEqual(await scene.counts(HOUR), last);
  } finally {
    await scene.close();
  }
});

test('a list that is lost, or of another type, costs heads until it is begun again, and no observation', async () => {
  const scene = await openScene();
  try {
    await begun(scene);
    const before = await scene.counts(HOUR);
    const late = LABS.map((lab): Row => [lab, AGO_S, 1, 1]);
    const silent = before.map((count) => count + 1);
    await scene.store.commit(batchOf(late, scene.nowMs), scene.nowMs);
    for (const spoil of [
      (key: string) => client.del(key),
      (key: string) => client.pipeline().del(key).set(key, 'a text').exec(),
    ]) {
      for (const partition of PARTITIONS) await spoil(scene.keys.late(partition));
      assert.deepEqual(await scene.counts(HOUR), silent);
      const listed = async () => {
        const counts = await Promise.all(
          PARTITIONS.map((partition) => client.zcard(scene.keys.late(partition)).catch(() => 0)),
        );
        return counts.reduce((sum, count) => sum + count, 0) === PARTITIONS.length + LABS.length;
      };
      await until(listed);
      assert.deepEqual(await scene.counts(HOUR), silent);
    }
  } finally {
    await scene.close();
  }
});

test('what is restored may be newer than what is not folded: heads are read', async () => {
  const scene = await openScene();
  try {
    await begun(scene);
    // Not folded, five hours ago as the lab's newest: its hour is not over for the lab.
    const lab = 'other';
    const rows = [0, 1, 2].map((k): Row => [lab, AGO_S + k, 20_000, 50_000]);
    await scene.store.commit(batchOf(rows, scene.nowMs), scene.nowMs);
    const startS = bucketStartS(scene.nowMs - AGO_S * 1000, HOUR.durationS, CONTRACT_GRID.alignmentS);
    const restored = [1, 2, 3].map((hours) => {
      const bucketS = startS + hours * HOUR_S;
      const aggregate = emptyAggregate(true);
      Object.assign(aggregate, { observations: 1, firstMs: bucketS * 1000 });
      Object.assign(aggregate.temp, { count: 1, sum: 5, min: 5, max: 5, last: 5, lastMs: bucketS * 1000 });
      aggregate.temp.sumSquares = (5 - 20_000) ** 2;
      aggregate.temp.histogram!.counts.push(1);
      return { lab, durationS: HOUR_S, startS: bucketS, aggregate };
    });
    const fates = await scene.store.restore(restored, scene.nowMs);
    assert.deepEqual(fates, ['restored', 'restored', 'restored']);
    for await (const page of scene.store.buckets('all', HOUR, startS, scene.nowMs))
      for (const one of page) if (one.lab === lab) assert.equal(one.aggregate.observations, 3);
    assert.equal(
      (await client.zscore(scene.keys.late(scene.keys.placeOf(scene.keys.head(lab))), lab)) !== null,
      true,
    );
  } finally {
    await scene.close();
  }
});
