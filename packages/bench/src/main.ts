import { cpus } from 'node:os';
import { startRedis } from '@humtemp/test-services';
import type { ConsumerName } from './consumers.js';
import { measureLatency } from './latency.js';
import { type Measured, measureConsumer } from './worker-floor.js';

const smoke = process.argv.includes('--smoke');
const publishes = smoke ? 40_000 : 1_600_000;
const rounds = smoke ? 1 : 3;

/** Runs every measurement and prints tables. `--smoke`: small, to see that it still runs. */
async function main(): Promise<void> {
  const date = new Date().toISOString().slice(0, 10);
  print(`${date}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`);
  const redis = await startRedis();
  try {
    print(`\nWorker alone, against a source of frames: QoS 1, 1,000 labs, best of ${rounds} by turns\n`);
    print('| consumer | publishes/s | CPU µs per publish |\n|---|---|---|');
    const results = new Map<ConsumerName, Measured>();
    for (let round = 0; round < rounds; round++)
      for (const [name, count] of [
        ['mqtt.js message event', publishes / 4],
        ['tap, a store that counts', publishes],
        ['tap, Redis', publishes / 2],
      ] as const) {
        const measured = await measureConsumer(name, count, 1000, redis.url);
        if (measured.publishesPerS > (results.get(name)?.publishesPerS ?? 0)) results.set(name, measured);
      }
    for (const [name, { publishesPerS, cpuUsPerPublish }] of results)
      print(
        `| ${name} | ${Math.round(publishesPerS).toLocaleString('en-US')} | ${cpuUsPerPublish.toFixed(2)} |`,
      );
    const event = results.get('mqtt.js message event')!;
    const tap = results.get('tap, a store that counts')!;
    print(
      `\ntap against message event: ${(tap.publishesPerS / event.publishesPerS).toFixed(1)} × the publishes/s, ` +
        `${(event.cpuUsPerPublish / tap.cpuUsPerPublish).toFixed(1)} × less CPU per publish`,
    );
    const latency = await measureLatency(redis.url, smoke ? 100 : 5000);
    print(
      `\nOne observation at a time, idle: committed after ${latency.committedMs.toFixed(3)} ms (median), ` +
        `a bare EVALSHA ${latency.bareEvalshaMs.toFixed(3)} ms: ${(latency.committedMs / latency.bareEvalshaMs).toFixed(2)} ×`,
    );
  } finally {
    await redis.close();
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

await main();
