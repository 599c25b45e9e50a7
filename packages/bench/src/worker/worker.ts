import { startRedis } from '@humtemp/test-services';
import { byName, inTurns } from '../by-turns.js';
import { median, spread, times, whole } from '../figures.js';
import type { Options } from '../options.js';
import type { Report, Scenario } from '../scenario.js';
import { type Consumed, consumeOnce } from './consume-once.js';
import type { ConsumerName } from './consumers.js';
import type { FormName } from './frame-source.js';

const SIZES = {
  normal: { publishes: 1_600_000, rounds: 3 },
  short: { publishes: 1_600_000, rounds: 1 },
  smoke: { publishes: 40_000, rounds: 1 },
};
const LABS = 1000;

interface Consumer {
  readonly name: ConsumerName;
  /** Of the publishes: the slow ones need fewer. */
  readonly share: number;
}

/** The consumers of one form of publishes, which their names begin with. */
function consumersOf(form: FormName): readonly Consumer[] {
  const prefix = form === 'labs' ? '' : (`${form}: ` as const);
  return [
    { name: `${prefix}mqtt.js message event`, share: 1 / 4 },
    { name: `${prefix}30 lines, Redis`, share: 1 / 20 },
    { name: `${prefix}tap, a store that counts`, share: 1 },
    { name: `${prefix}tap, Redis`, share: 1 / 2 },
  ];
}

/** The worker alone, against a source of frames that sends as fast as it is read. */
export const worker: Scenario = {
  name: 'worker',
  summary: 'publishes/s and CPU of a worker against a source of frames, beside mqtt.js as one would use it',
  run: (options) => measure(options, 'labs'),
};

/** The same for what a program publishes, and a table of a preset reads. */
export const workerMapped: Scenario = {
  name: 'worker-mapped',
  summary: 'the same for what zigbee2mqtt publishes, beside mqtt.js with the same rules by hand',
  run: (options) => measure(options, 'zigbee2mqtt'),
};

async function measure(options: Options, form: FormName): Promise<Report> {
  const { publishes, rounds: usual } = SIZES[options.size];
  const rounds = options.rounds ?? usual;
  const consumers = consumersOf(form);
  const redis = await startRedis();
  const { turns, failures } = await inTurns(
    consumers,
    rounds,
    ({ name, share }) => consumeOnce(name, publishes * share, LABS, redis.url, form),
    ({ publishesPerS }) => `${whole(publishesPerS)} publishes/s`,
  ).finally(() => redis.close());
  const [event, lines, , tap] = consumers.map((one) => turns.find(({ peer }) => peer === one)?.rounds);
  const rate = (of: readonly Consumed[]) => median(of.map(({ publishesPerS }) => publishesPerS));
  const cpu = (of: readonly Consumed[]) => median(of.map(({ cpuUsPerPublish }) => cpuUsPerPublish));
  return {
    title: `against a source of frames, ${form === 'labs' ? 'our own form' : form}, QoS 1, ${whole(LABS)} labs; median of ${rounds} by turns`,
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
}
