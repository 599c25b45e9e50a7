import { startRedis } from '@humtemp/test-services';
import { progress } from './by-turns.js';
import type { ConsumerName } from './consumers.js';
import { median, spread, times, whole } from './figures.js';
import type { Report, Scenario } from './scenario.js';
import { type Measured, measureConsumer } from './worker-floor.js';

const PUBLISHES = { normal: 1_600_000, smoke: 40_000 };
const LABS = 1000;
/** Each with the share of the publishes that it gets: the slow ones need fewer. */
const CONSUMERS: readonly (readonly [ConsumerName, number])[] = [
  ['mqtt.js message event', 1 / 4],
  ['30 lines, Redis', 1 / 20],
  ['tap, a store that counts', 1],
  ['tap, Redis', 1 / 2],
];

/** The worker alone, against a source of frames that sends as fast as it is read. */
export const worker: Scenario = {
  name: 'worker',
  summary: 'publishes/s and CPU of a worker against a source of frames, beside mqtt.js as one would use it',
  async run(options): Promise<Report> {
    const publishes = PUBLISHES[options.size];
    const rounds = options.rounds ?? (options.size === 'smoke' ? 1 : 3);
    const redis = await startRedis();
    const measured = new Map<ConsumerName, Measured[]>(CONSUMERS.map(([name]) => [name, []]));
    try {
      for (let round = 1; round <= rounds; round++)
        for (const [name, share] of CONSUMERS) {
          const result = await measureConsumer(name, publishes * share, LABS, redis.url);
          measured.get(name)!.push(result);
          progress(`round ${round} of ${rounds}: ${name}: ${whole(result.publishesPerS)} publishes/s`);
        }
    } finally {
      await redis.close();
    }
    const rate = (of: readonly Measured[]) => median(of.map(({ publishesPerS }) => publishesPerS));
    const cpu = (of: readonly Measured[]) => median(of.map(({ cpuUsPerPublish }) => cpuUsPerPublish));
    const event = measured.get('mqtt.js message event')!;
    const [lines, tap] = [measured.get('30 lines, Redis')!, measured.get('tap, Redis')!];
    return {
      title: `worker: against a source of frames, QoS 1, ${whole(LABS)} labs; median of ${rounds} by turns`,
      columns: [
        'consumer',
        'publishes/s',
        'lowest – highest',
        'against the message event',
        'CPU µs per publish',
        'against the message event',
      ],
      rows: [...measured].map(([name, results]) => [
        name,
        whole(rate(results)),
        spread(
          results.map(({ publishesPerS }) => publishesPerS),
          whole,
        ),
        times(rate(results) / rate(event)),
        cpu(results).toFixed(2),
        times(cpu(results) / cpu(event)),
      ]),
      notes: [
        `The tap with Redis against 30 lines with Redis, which acknowledge before: ${times(rate(tap) / rate(lines))} the publishes a second, ` +
          `${times(cpu(lines) / cpu(tap))} per second of CPU of the consumer.`,
      ],
      failures: [],
      figures: Object.fromEntries(measured),
    };
  },
};
