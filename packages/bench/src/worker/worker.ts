import { startRedis } from '@humtemp/test-services';
import { byName, inTurns } from '../by-turns.js';
import { median, spread, times, whole } from '../figures.js';
import type { Report, Scenario } from '../scenario.js';
import { type Consumed, consumeOnce } from './consume-once.js';
import type { ConsumerName } from './consumers.js';

const SIZES = {
  normal: { publishes: 1_600_000, rounds: 3 },
  short: { publishes: 1_600_000, rounds: 1 },
  smoke: { publishes: 40_000, rounds: 1 },
};
const LABS = 1000;
const EVENT: Consumer = { name: 'mqtt.js message event', share: 1 / 4 };
const LINES: Consumer = { name: '30 lines, Redis', share: 1 / 20 };
const TAP: Consumer = { name: 'tap, Redis', share: 1 / 2 };
const CONSUMERS: readonly Consumer[] = [EVENT, LINES, { name: 'tap, a store that counts', share: 1 }, TAP];

interface Consumer {
  readonly name: ConsumerName;
  /** Of the publishes: the slow ones need fewer. */
  readonly share: number;
}

/** The worker alone, against a source of frames that sends as fast as it is read. */
export const worker: Scenario = {
  name: 'worker',
  summary: 'publishes/s and CPU of a worker against a source of frames, beside mqtt.js as one would use it',
  async run(options): Promise<Report> {
    const { publishes, rounds: usual } = SIZES[options.size];
    const rounds = options.rounds ?? usual;
    const redis = await startRedis();
    const { turns, failures } = await inTurns(
      CONSUMERS,
      rounds,
      ({ name, share }) => consumeOnce(name, publishes * share, LABS, redis.url),
      ({ publishesPerS }) => `${whole(publishesPerS)} publishes/s`,
    ).finally(() => redis.close());
    const of = (consumer: Consumer) => turns.find(({ peer }) => peer === consumer)?.rounds;
    const [event, lines, tap] = [of(EVENT), of(LINES), of(TAP)];
    const rate = (of: readonly Consumed[]) => median(of.map(({ publishesPerS }) => publishesPerS));
    const cpu = (of: readonly Consumed[]) => median(of.map(({ cpuUsPerPublish }) => cpuUsPerPublish));
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
      rows: turns.map(({ peer, rounds }) => [
        peer.name,
        whole(rate(rounds)),
        spread(
          rounds.map(({ publishesPerS }) => publishesPerS),
          whole,
        ),
        event ? times(rate(rounds) / rate(event)) : '–',
        cpu(rounds).toFixed(2),
        event ? times(cpu(rounds) / cpu(event)) : '–',
      ]),
      notes:
        lines && tap
          ? [
              `The tap with Redis against 30 lines with Redis, which acknowledge before: ${times(rate(tap) / rate(lines))} the publishes a second, ` +
                `${times(cpu(lines) / cpu(tap))} per second of CPU of the consumer.`,
            ]
          : [],
      failures,
      figures: { turns: byName(turns) },
    };
  },
};
