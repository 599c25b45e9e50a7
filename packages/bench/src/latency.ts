import { Intake } from '@humtemp/intake';
import { Redis } from 'ioredis';
import { GRID, openRedisStore } from './redis.js';

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

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
