import { after, before, test } from 'node:test';
import { type Service, startRedis } from '@humtemp/test-services';
import { newTotals, randomRun } from './random-runs.fixture.js';

let service: Service;

before(async () => {
  service = await startRedis();
});
after(async () => {
  await service.close();
});

/** More of them by hand: random-runs-main.ts. */
const RUNS = 12;

test('random commits by several writers, late, repeated and with lost answers, leave what the observations say', async () => {
  const seed = Date.now() % 1e9;
  const totals = newTotals();
  for (let run = 0; run < RUNS; run++)
    await randomRun(service.url, seed + run, totals).catch((error: Error) => {
      throw new Error(`seed ${seed + run}`, { cause: error });
    });
});
