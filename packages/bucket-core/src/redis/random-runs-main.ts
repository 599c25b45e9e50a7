/**
 * Random runs for as many seconds as are given (60), from a seed on:
 *
 *     node --conditions=humtemp-source --import tsx packages/bucket-core/src/redis/random-runs-main.ts 600 1
 */
import { startRedis } from '@humtemp/test-services';
import { newTotals, randomRun } from './random-runs.fixture.js';

const [seconds = 60, first = Date.now() % 1e9] = process.argv.slice(2).map(Number);
const redis = await startRedis();
const totals = newTotals();
const endMs = Date.now() + seconds * 1000;
try {
  for (let seed = first; Date.now() < endMs; seed++)
    await randomRun(redis.url, seed, totals).catch((error: unknown) => {
      console.error(`seed ${seed}`);
      throw error;
    });
} finally {
  console.log(JSON.stringify(totals));
  await redis.close();
}
