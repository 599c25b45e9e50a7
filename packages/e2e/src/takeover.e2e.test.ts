import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { addObservation, bucketStartS, emptyAggregate, packAggregate } from '@humtemp/bucket-core';
import { pause, startRedis, temporaryFolder } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { HumtempProcess, runHumtemp } from './humtemp-process.js';

const LABS = 600;
const HOUR_S = 3600;
/** Of these labs the import is killed when so many are there. */
const KILLED_AT = [100, 400];

/** An hour and a day of each lab, as the version before pages kept them: a key for each bucket, an index of labs. */
async function writeEarlier(client: Redis, nowS: number): Promise<void> {
  for (let i = 0; i < LABS; i += 100) {
    const pipeline = client.pipeline();
    for (let lab = i; lab < i + 100; lab++) {
      const name = `old-${lab}`;
      pipeline.zadd(`labs:${lab % 16}`, nowS, name);
      for (const durationS of [HOUR_S, 24 * HOUR_S]) {
        const startS = bucketStartS(nowS * 1000, durationS, 0);
        const aggregate = emptyAggregate(true);
        for (let j = 0; j <= lab % 3; j++) addObservation(aggregate, startS * 1000 + j, 20_000 + lab, 50_000);
        pipeline.set(
          `bucket:{${name}}:${durationS}:${startS}`,
          packAggregate(aggregate),
          'EX',
          7 * 24 * HOUR_S,
        );
      }
    }
    await pipeline.exec();
  }
}

/** The lines of an export between the first, which has a time, and the last. */
async function bucketsIn(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).split('\n').slice(1, -2).sort();
}

test('the layout before is taken over whole though its import is killed again and again', async (t) => {
  const redis = await startRedis();
  const folder = await temporaryFolder('takeover');
  const client = new Redis(redis.url);
  const env = { HUMTEMP_REDIS_URL: redis.url };
  const earlier = join(folder.path, 'earlier.ndjson');
  const taken = join(folder.path, 'taken.ndjson');
  try {
    await writeEarlier(client, Math.floor(Date.now() / 1000));
    const keysBefore = await client.dbsize();
    const exported = await runHumtemp(['export', '--earlier', earlier], env);
    assert.equal(exported.code, 0, exported.stderr);
    const killedAt: number[] = [];
    for (const labs of KILLED_AT) {
      const importing = new HumtempProcess(['import', earlier], env);
      let found = 0;
      for (let i = 0; i < 3000 && importing.exitCode === null && found < labs; i++) {
        found = (await client.dbsize()) - keysBefore;
        await pause(2);
      }
      assert.ok(importing.exitCode === null, `not killed in time: ${found} keys\n${importing.stderr}`);
      await importing.kill();
      killedAt.push(found);
    }
    const last = await runHumtemp(['import', earlier], env);
    assert.equal(last.code, 0, last.stderr);
    const [, imported, there] = /^([\d,]+) buckets imported\n([\d,]+) were there already/.exec(last.stdout)!;
    const number = (text: string) => Number(text.replaceAll(',', ''));
    assert.equal(number(imported!) + number(there!), 2 * LABS);
    assert.ok(number(there!) > 0 && number(imported!) > 0, last.stdout);
    assert.equal((await runHumtemp(['export', taken], env)).code, 0);
    assert.deepEqual(await bucketsIn(taken), await bucketsIn(earlier));
    t.diagnostic(`killed when ${killedAt.join(', ')} keys were there`);
  } finally {
    client.disconnect();
    await redis.close();
    await folder.remove();
  }
});
