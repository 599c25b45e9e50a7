import { startRedis } from '@humtemp/test-services';
import { inTurns, progress } from '../by-turns.js';
import { median, spread, times, whole } from '../figures.js';
import type { Size } from '../options.js';
import type { Report, Scenario } from '../scenario.js';
import { BARE_EVALSHA } from './bare-evalsha.js';
import { type Committed, commitOnce } from './commit-once.js';
import { HASH_INCREMENT, HASH_REWRITE } from './hash-fields.js';
import { observationsOf, type Shape } from './observations.js';
import { ADDED_UP, HINCRBYFLOAT, THREE_HINCRBY } from './plain-counters.js';
import { EMBEDDED, HUMTEMP, WITHOUT_DEDUPLICATION, WITHOUT_HISTOGRAMS, WITHOUT_ROLLUPS } from './stores.js';
import type { Way } from './way.js';

const WAYS: readonly Way[] = [
  HUMTEMP,
  WITHOUT_ROLLUPS,
  WITHOUT_DEDUPLICATION,
  WITHOUT_HISTOGRAMS,
  EMBEDDED,
  HASH_INCREMENT,
  HASH_REWRITE,
  THREE_HINCRBY,
  HINCRBYFLOAT,
  ADDED_UP,
  BARE_EVALSHA,
];

const NORMAL: readonly Shape[] = [
  { perLab: 100, labs: 100, batches: 6 },
  { perLab: 10, labs: 600, batches: 10 },
  { perLab: 1, labs: 3000, batches: 10 },
];
const SHAPES: Readonly<Record<Size, readonly Shape[]>> = {
  normal: NORMAL,
  short: NORMAL,
  smoke: [
    { perLab: 100, labs: 3, batches: 2 },
    { perLab: 1, labs: 200, batches: 2 },
  ],
};
const ROUNDS = { smoke: 1, short: 1, normal: 3 };
/** The floor must not get more bytes than humtemp, by more than this share. */
const BYTES_APART_MAX = 0.15;

/** What the rounds of one way gave, for so many observations of a lab at a time. */
interface Line {
  readonly perLab: number;
  readonly way: string;
  readonly rounds: readonly Committed[];
}

export const commit: Scenario = {
  name: 'commit',
  summary: 'observations/s and CPU of a commit to the store, beside other ways to count in Redis',
  async run(options): Promise<Report> {
    const shapes = SHAPES[options.size];
    const rounds = options.rounds ?? ROUNDS[options.size];
    const lines: Line[] = [];
    const failures: string[] = [];
    // Sets of identities as the Redis of compose.yaml keeps them.
    const redis = await startRedis({ directives: { 'set-max-intset-entries': '4096' } });
    try {
      for (const shape of shapes) lines.push(...(await linesOf(shape, rounds, redis.url, failures)));
    } finally {
      await redis.close();
    }
    return {
      title:
        'commit: one batch after the other, into buckets that mostly exist; Redis without persistence; ' +
        `median of ${rounds} by turns`,
      columns: [
        'observations of a lab in a batch',
        'way',
        'observations/s',
        'lowest – highest',
        "humtemp's rate / its",
        'CPU µs per observation: Redis',
        'the committing process',
        "both, its / humtemp's",
      ],
      rows: lines.map((line) => rowOf(line, lines)),
      notes: [
        ...shapes.map(
          ({ perLab, labs, batches }) =>
            `${perLab} of a lab: ${whole(batches)} batches of ${whole(labs)} labs, ${whole(perLab * labs)} observations each.`,
        ),
        'Plain counters: one resolution, averages only, no deduplication. Hash fields: as humtemp, but for histograms, first, latest and index.',
      ],
      failures: [...failures, ...bytesApart(lines)],
      figures: { shapes, lines },
    };
  },
};

async function linesOf(shape: Shape, rounds: number, redisUrl: string, failures: string[]): Promise<Line[]> {
  const { perLab } = shape;
  progress(`${perLab} of a lab …`);
  // A little of each before the first round, for the compiler.
  const little = observationsOf({ ...shape, batches: 2 }, Date.now());
  for (const way of WAYS) await commitOnce(way, little, redisUrl).catch(() => {});
  const observations = observationsOf(shape, Date.now());
  const { turns, failures: failed } = await inTurns(
    WAYS,
    rounds,
    (way) => commitOnce(way, observations, redisUrl),
    ({ observationsPerS }) => `${whole(observationsPerS)} observations/s`,
  );
  failures.push(...failed.map((failure) => `${perLab} of a lab: ${failure}`));
  return turns.map(({ peer, rounds }) => ({ perLab, way: peer.name, rounds }));
}

function rowOf({ perLab, way, rounds }: Line, lines: readonly Line[]): string[] {
  const humtemp = lines.find((line) => line.perLab === perLab && line.way === HUMTEMP.name)?.rounds;
  const rate = (of: readonly Committed[]) => median(of.map(({ observationsPerS }) => observationsPerS));
  const cpuUs = (of: readonly Committed[], where: 'redis' | 'own') =>
    median(of.map(({ cpuUsPerObservation }) => cpuUsPerObservation[where]));
  const bothUs = (of: readonly Committed[]) => cpuUs(of, 'redis') + cpuUs(of, 'own');
  return [
    whole(perLab),
    way,
    whole(rate(rounds)),
    spread(
      rounds.map(({ observationsPerS }) => observationsPerS),
      whole,
    ),
    humtemp ? times(rate(humtemp) / rate(rounds)) : '–',
    way === EMBEDDED.name ? '–' : cpuUs(rounds, 'redis').toFixed(2),
    cpuUs(rounds, 'own').toFixed(2),
    humtemp ? times(bothUs(rounds) / bothUs(humtemp)) : '–',
  ];
}

/** Where the floor gets more than humtemp, whose folds and index are bytes too. */
function bytesApart(lines: readonly Line[]): string[] {
  const bytes = (line: Line) => median(line.rounds.map(({ bytesPerObservation }) => bytesPerObservation));
  return lines
    .filter(({ way }) => way === BARE_EVALSHA.name)
    .flatMap((floor) => {
      const humtemp = lines.find(({ perLab, way }) => perLab === floor.perLab && way === HUMTEMP.name);
      const share = humtemp === undefined ? 1 : bytes(floor) / bytes(humtemp);
      return share <= 1 + BYTES_APART_MAX
        ? []
        : [`the floor got ${share.toFixed(2)} times the bytes that humtemp got, ${floor.perLab} of a lab`];
    });
}
