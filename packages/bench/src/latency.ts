import { Intake } from '@humtemp/intake';
import { startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { median, times } from './figures.js';
import { GRID, openRedisStore } from './redis.js';
import type { Report, Scenario } from './scenario.js';

const OBSERVATIONS = { normal: 5000, smoke: 100 };

/** One observation at a time through an idle system. */
export const latency: Scenario = {
  name: 'latency',
  summary: 'time until one observation is committed to Redis, idle, beside an EVALSHA that does nothing',
  async run({ size }): Promise<Report> {
    const redis = await startRedis();
    try {
      const measured = await measureLatency(redis.url, OBSERVATIONS[size]);
      const { committedMs, bareEvalshaMs } = measured;
      return {
        title: `latency: one observation at a time, idle; medians of ${OBSERVATIONS[size]} in turns`,
        columns: ['what', 'ms', 'against a bare EVALSHA'],
        rows: [
          ['a bare EVALSHA', bareEvalshaMs.toFixed(3), times(1)],
          ['observation committed', committedMs.toFixed(3), times(committedMs / bareEvalshaMs)],
        ],
        notes: [],
        failures: [],
        figures: measured,
      };
    } finally {
      await redis.close();
    }
  },
};

/** Medians in milliseconds, of an idle system with one observation at a time. */
export interface Latency {
  readonly committedMs: number;
  readonly bareEvalshaMs: number;
}

/** From handing an observation to intake until it is settled, beside an EVALSHA that does nothing, in turns. */
export async function measureLatency(redisUrl: string, rounds: number): Promise<Latency> {
  const store = await openRedisStore(redisUrl, 'latency:');
  const bare = new Redis(redisUrl);
  const sha = (await bare.script('LOAD', 'return 1')) as string;
  const intake = new Intake({
    store,
    grid: GRID,
    limits: { payloadBytesMax: 65_536, arrayLengthMax: 1000, pendingMax: 1000 },
  });
  const committed: number[] = [];
  const evalsha: number[] = [];
  const nowS = Math.floor(Date.now() / 1000);
  for (let i = 0; i < rounds; i++) {
    const payload = Buffer.from(`{"timestamp":${nowS - (i % 60)},"temp":${(i % 1000) / 10},"humidity":50}`);
    committed.push(
      await timed(async () => {
        intake.receive('lab', payload, 'bench');
        await intake.whenSettled();
      }),
    );
    evalsha.push(await timed(() => bare.evalsha(sha, 0)));
  }
  bare.disconnect();
  await store.close();
  return { committedMs: median(committed), bareEvalshaMs: median(evalsha) };
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await action();
  return performance.now() - startMs;
}
