import { Intake } from '@humtemp/intake';
import { startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { type Latencies, LatencyHistogram } from '../measuring/latency-histogram.js';
import { GRID, openRedisStore } from '../redis.js';

/** An idle system with one observation at a time. */
export interface IdleLatency {
  readonly committed: Latencies;
  readonly bareEvalsha: Latencies;
}

/** From handing an observation to intake until it is settled in Redis, beside an EVALSHA that does nothing, in turns. */
export async function idleLatency(count: number): Promise<IdleLatency> {
  const redis = await startRedis();
  try {
    const store = await openRedisStore(redis.url, 'latency:');
    const bare = new Redis(redis.url);
    const sha = (await bare.script('LOAD', 'return 1')) as string;
    const intake = new Intake({
      store,
      grid: GRID,
      limits: { payloadBytesMax: 65_536, arrayLengthMax: 1000, pendingMax: 1000 },
    });
    const [committed, bareEvalsha] = [new LatencyHistogram(), new LatencyHistogram()];
    const nowS = Math.floor(Date.now() / 1000);
    for (let i = 0; i < count; i++) {
      const payload = Buffer.from(`{"timestamp":${nowS - (i % 60)},"temp":${(i % 1000) / 10},"humidity":50}`);
      committed.record(
        await timed(async () => {
          intake.receive('lab', payload, 'bench');
          await intake.whenSettled();
        }),
      );
      bareEvalsha.record(await timed(() => bare.evalsha(sha, 0)));
    }
    bare.disconnect();
    await store.close();
    return { committed: committed.summary(), bareEvalsha: bareEvalsha.summary() };
  } finally {
    await redis.close();
  }
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await action();
  return performance.now() - startMs;
}
