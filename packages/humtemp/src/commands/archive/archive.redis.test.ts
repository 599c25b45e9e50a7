import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addObservation, Batch, emptyAggregate, packAggregate } from '@humtemp/bucket-core';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { midBucket, type Service, startRedis, temporaryFolder } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { readConfig } from '../../config/config.js';
import { StartError } from '../../start-error.js';
import { exportCommand, imported } from './command.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let redis: Service;
const place = (name: string) => join(folder.path, name);
/** As Redis has it by default: what a folder has is not too old for it. */
const KEPT = { ...midBucket().env, HUMTEMP_BUCKET_RETENTION: '2', HUMTEMP_ROLLUPS: '5m:1d,1h:7d' };
const inFolder = (name: string) => ({ HUMTEMP_DATA_DIR: place(name), ...KEPT });

before(async () => {
  folder = await temporaryFolder('archive-test');
  redis = await startRedis();
  const { grid, deduplicationHorizonS, labsMax, rejectionsMax } = readConfig(KEPT, undefined);
  const options = { grid, deduplicationHorizonS, labsMax, rejectionsMax };
  const store = await EmbeddedStore.open({ ...options, dataDir: place('from') });
  const nowMs = Date.now();
  for (const agoS of [10, 400, 4000, 90_000]) {
    const batch = new Batch();
    for (const lab of ['a', 'b/1']) batch.add(lab, nowMs - agoS * 1000, 0, 21_000 + agoS, 48_300);
    await store.commit(batch, nowMs);
  }
  await store.close();
  await exportCommand([place('all')], inFolder('from'));
});
after(async () => {
  await redis.close();
  await folder.remove();
});

/** The lines of an export between the first, which has a time, and the last. */
async function bucketsIn(file: string): Promise<string[]> {
  return (await readFile(place(file), 'utf8')).split('\n').slice(1, -2);
}

test('an export goes from a folder to Redis and back, and a second import changes nothing', async () => {
  const inRedis = { ...KEPT, HUMTEMP_REDIS_URL: redis.url };
  const first = await imported([place('all')], inRedis);
  assert.match(first.text, /^\d\d buckets imported\n0 were there already\n$/);
  assert.match((await imported([place('all')], inRedis)).text, /^0 buckets imported\n\d\d were/);
  await exportCommand([place('of-redis')], inRedis);
  assert.deepEqual(await bucketsIn('of-redis'), await bucketsIn('all'));
  assert.equal((await imported([place('of-redis')], inFolder('back'))).isAll, true);
  await exportCommand([place('of-back')], inFolder('back'));
  assert.deepEqual(await bucketsIn('of-back'), await bucketsIn('all'));
});

test('what an earlier version left in Redis is exported, and imported beside it', async () => {
  const env = { HUMTEMP_REDIS_URL: redis.url };
  const client = new Redis(redis.url);
  const startS = Math.floor(Date.now() / 3_600_000) * 3600;
  const aggregate = emptyAggregate(true);
  addObservation(aggregate, startS * 1000, 21_500, 50_000);
  await client.zadd('labs:0', startS, 'old');
  await client.set(`bucket:{old}:3600:${startS}`, packAggregate(aggregate));
  client.disconnect();
  await exportCommand(['--earlier', place('earlier')], env);
  const into = { ...env, HUMTEMP_REDIS_PREFIX: 'taken:' };
  assert.match((await imported([place('earlier')], into)).text, /^1 buckets imported/);
  await exportCommand([place('taken')], into);
  assert.deepEqual(await bucketsIn('taken'), await bucketsIn('earlier'));
  await assert.rejects(
    exportCommand(['--earlier', place('no')], inFolder('from')),
    /HUMTEMP_REDIS_URL=redis/,
  );
});

test('a store with other resolutions refuses an export, and says which it takes', async () => {
  const env = { ...inFolder('other'), HUMTEMP_ROLLUPS: '1h:7d' };
  await assert.rejects(
    imported([place('all')], env),
    (error: Error) =>
      error instanceof StartError && /buckets of 5m.*--resolutions 1d,1h$/.test(error.message),
  );
  const { text } = await imported(['--resolutions', '1d,1h', place('all')], env);
  assert.match(text, /are of resolutions that were not asked for/);
});

test('buckets that only the store has are merged of shorter ones, and those of its own that are there stay', async () => {
  for (const env of [
    { ...inFolder('merged'), HUMTEMP_ROLLUPS: '15m:2d,6h:7d' },
    {
      ...KEPT,
      HUMTEMP_REDIS_URL: redis.url,
      HUMTEMP_REDIS_PREFIX: 'merged:',
      HUMTEMP_ROLLUPS: '15m:2d,6h:7d',
    },
  ]) {
    const { text, isAll } = await imported(['--merge', place('all')], env);
    assert.ok(isAll, text);
    assert.match(text, /are of resolutions that were not asked for, or that the store does not have/);
    const name = `of-merged-${'HUMTEMP_REDIS_URL' in env}`;
    await exportCommand([place(name)], env);
    const buckets = (await bucketsIn(name)).map((line) => JSON.parse(line));
    const sums = new Map<number, number>();
    for (const { lab_id, duration_s, observations } of buckets)
      if (lab_id === 'a') sums.set(duration_s, (sums.get(duration_s) ?? 0) + observations);
    // Of 5 minutes there is a day, so the observation of 25 hours ago is in none of the quarters.
    assert.deepEqual([sums.get(900), sums.get(21_600)], [3, 4]);
    assert.match((await imported(['--merge', place('all')], env)).text, /^0 buckets imported/);
  }
});

test('what is no whole export changes nothing, and the message says what it is', async () => {
  const whole = await readFile(place('all'), 'utf8');
  const lines = whole.split('\n');
  const resealed = (changed: string[]) => {
    const text = changed.slice(0, -2).map((line) => `${line}\n`);
    const sha256 = createHash('sha256').update(text.join('')).digest('hex');
    return `${text.join('')}${JSON.stringify({ ...JSON.parse(lines.at(-2)!), sha256 })}\n`;
  };
  const changed = (from: RegExp, to: string) =>
    lines.map((line, i) => (i === 3 ? line.replace(from, to) : line));
  for (const [text, expected] of [
    [whole.slice(0, whole.length / 2), /was cut within its last line/],
    [`${lines.slice(0, 4).join('\n')}\n`, /was cut: its last line is missing after line 4/],
    [`${lines.toSpliced(3, 1).join('\n')}`, /checksum or its counts are others/],
    [`${whole}{}\n`, /expected nothing behind the last line/],
    [
      'lab_id,timestamp,temp,humidity\n',
      /line 1: expected the first line of a file that humtemp export wrote/,
    ],
    [whole.replace('"version":1', '"version":2'), /expected version 1 of the format, found 2/],
    ['', /is empty/],
    ['x'.repeat(3 * 2 ** 20), /a line of more than 1 MiB/],
    [resealed(changed(/"lab_id":"[^"]+"/, '"lab_id":"a b"')), /line 4: lab_id is no id of a lab/],
    [resealed(changed(/"start_s":\d+/, '"start_s":1')), /line 4: start_s is no border/],
    [resealed(changed(/"sum":"\d+"/, '"sum":"99999999999"')), /line 4: temp: sum does not go with count/],
    [resealed(changed(/"min":\d+/, '"min":999999999')), /line 4: temp: min, max or last is no value/],
    [resealed(changed(/"humidity":.*$/, '"humidity":7}')), /line 4: humidity: count is no count/],
  ] as const) {
    await writeFile(place('bad'), text);
    await assert.rejects(
      imported([place('bad')], inFolder('never')),
      (error: Error) => error instanceof StartError && expected.test(error.message),
      String(expected),
    );
  }
  await assert.rejects(exportCommand([], inFolder('never')), /there is no data of humtemp in this folder/);
  await assert.rejects(imported([place('none')], inFolder('never')), /there is no such file/);
  assert.match((await imported(['--check', place('all')], {})).text, /is whole/);
});

test('a folder that a process uses is refused, and the message says what to do', async () => {
  const { grid, deduplicationHorizonS, labsMax, rejectionsMax } = readConfig(KEPT, undefined);
  const options = { grid, deduplicationHorizonS, labsMax, rejectionsMax };
  const store = await EmbeddedStore.open({ ...options, dataDir: place('used') });
  try {
    await assert.rejects(imported([place('all')], inFolder('used')), /another process uses this folder/);
  } finally {
    await store.close();
  }
});
