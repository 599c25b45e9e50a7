import { byName, byTurns, type Turns } from '../by-turns.js';
import { median, percent, spread, times, whole } from '../figures.js';
import type { IngestLoad } from '../load/ingest-load.js';
import { noteOnBusyLoads, noteOnOthers } from '../measuring/doubts.js';
import { CAN_LOOK } from '../measuring/process-figures.js';
import type { Options, Size } from '../options.js';
import type { Report, Scenario } from '../scenario.js';
import { nameOfFastApi } from './http-peers.js';
import type { HttpLoads, Posted } from './http-session.js';
import { type Way, WORKERS, waysOf } from './ways.js';

interface HttpSize extends HttpLoads {
  readonly mqtt: IngestLoad;
  readonly rounds: number;
}

const NORMAL: HttpSize = {
  warmUpAnswers: 10_000,
  measured: [
    { connections: 50, labs: 1000, warmUpAnswers: 500, durationS: 1 },
    { connections: 500, labs: 1000, warmUpAnswers: 1000, durationS: 1 },
  ],
  mqtt: { connections: 10, window: 1000, perChunk: 100, labs: 1000, observations: 500_000, qos: 1 },
  rounds: 3,
};
const SIZES: Record<Size, HttpSize> = {
  normal: NORMAL,
  short: { ...NORMAL, rounds: 1 },
  smoke: {
    warmUpAnswers: 50,
    measured: [{ connections: 5, labs: 100, warmUpAnswers: 5, durationS: 0.1 }],
    mqtt: { connections: 10, window: 200, perChunk: 100, labs: 100, observations: 5000, qos: 1 },
    rounds: 1,
  },
};

/** One observation in each request, beside the design that does so with one Redis round trip each, and beside MQTT. */
export const http: Scenario = {
  name: 'http',
  summary: 'observations/s and CPU of one POST each, beside FastAPI with Redis, a bare server, and MQTT',
  async run(options): Promise<Report> {
    const { mqtt, rounds: usual, ...loads } = SIZES[options.size];
    const rounds = options.rounds ?? usual;
    const { ways, notes } = await waysOf(loads, mqtt, options);
    const { turns, notes: leftOut, failures } = await measureAll(ways, rounds, options);
    const { labs, durationS } = loads.measured[0]!;
    const rows = rowsOf(turns);
    const measured = rows.map(({ way, posted }) => ({
      name: `${way.name}, ${posted[0]!.load}`,
      rounds: posted,
    }));
    const [one, several] = [1, WORKERS].map((workers) => bestRate(turns, nameOfFastApi(workers)));
    return {
      title:
        `http: one observation in each POST, one in flight on each connection, ${whole(labs)} labs, servers warm after ` +
        `${whole(loads.warmUpAnswers)} answers, ${durationS} s each; median of ${rounds} by turns`,
      columns: [
        'peer',
        'an acknowledgement means',
        'load',
        'observations/s',
        'lowest – highest',
        'against FastAPI',
        `against ${WORKERS}×FastAPI`,
        'p50 ms',
        'p99 ms',
        'CPU µs per observation',
        'load busy',
      ],
      rows: rows.map(({ way, posted }) => {
        const rate = median(posted.map(({ observationsPerS }) => observationsPerS));
        return [
          way.name,
          way.acknowledges,
          posted[0]!.load,
          whole(rate),
          spread(
            posted.map(({ observationsPerS }) => observationsPerS),
            whole,
          ),
          one === undefined ? '–' : times(rate / one),
          several === undefined ? '–' : times(rate / several),
          latencyCell(posted, 'p50'),
          latencyCell(posted, 'p99'),
          CAN_LOOK ? cpuCell(posted) : '–',
          percent(median(posted.map(({ busy }) => busy))),
        ];
      }),
      notes: [
        ...leftOut,
        ...notes,
        'Ratios are against the better of the rates that FastAPI has with the two numbers of connections.',
        ...noteOnBusyLoads(measured),
        ...noteOnOthers(measured),
      ],
      failures,
      figures: { loads, mqtt, turns: byName(turns) },
    };
  },
};

/** And stops what ran, whichever way it ends. */
async function measureAll(ways: readonly Way[], rounds: number, options: Options) {
  try {
    return await byTurns(
      ways,
      rounds,
      options,
      (way) => way.measure(),
      (posted) =>
        posted.map(({ load, observationsPerS }) => `${whole(observationsPerS)}/s (${load})`).join(', '),
    );
  } finally {
    for (const way of ways) await way.stop();
  }
}

type AllTurns = readonly Turns<Posted[], Way>[];

/** One for each way and load, with all its rounds. */
function rowsOf(turns: AllTurns) {
  return turns.flatMap(({ peer, rounds }) =>
    rounds[0]!.map((_, load) => ({ way: peer, posted: rounds.map((round) => round[load]!) })),
  );
}

function bestRate(turns: AllTurns, name: string): number | undefined {
  const rounds = turns.find(({ peer }) => peer.name === name)?.rounds;
  if (rounds === undefined) return undefined;
  return Math.max(
    ...rounds[0]!.map((_, load) => median(rounds.map((round) => round[load]!.observationsPerS))),
  );
}

function latencyCell(posted: readonly Posted[], quantile: 'p50' | 'p99'): string {
  const values = posted.map(({ latencyMs }) => latencyMs?.[quantile]);
  return values.includes(undefined) ? '–' : median(values as number[]).toFixed(1);
}

/** The sum, and each process where there are several. */
function cpuCell(posted: readonly Posted[]): string {
  const names = Object.keys(posted[0]!.cpuUsEach);
  const each = names.map((name) => ({
    name,
    us: median(posted.map(({ cpuUsEach }) => cpuUsEach[name]!)),
  }));
  const sum = each.reduce((total, { us }) => total + us, 0).toFixed(1);
  return names.length === 1
    ? sum
    : `${sum} (${each.map(({ name, us }) => `${name} ${us.toFixed(1)}`).join(', ')})`;
}
