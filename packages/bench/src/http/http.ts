import { noteOnOthers } from '../cpu-watch.js';
import { median, percent, spread, times, whole } from '../figures.js';
import type { IngestLoad } from '../load/ingest-load.js';
import type { Options } from '../options.js';
import { CAN_LOOK } from '../processes/process-figures.js';
import type { Report, Scenario } from '../scenario.js';
import { nameOfFastApi } from './http-peers.js';
import type { HttpLoads, Posted } from './http-session.js';
import { type InTurns, inTurns } from './in-turns.js';
import { type Way, WORKERS, waysOf } from './ways.js';

const SIZES: Record<Options['size'], HttpLoads & { readonly mqtt: IngestLoad; readonly rounds: number }> = {
  normal: {
    warmUpAnswers: 10_000,
    measured: [
      { connections: 50, labs: 1000, warmUpAnswers: 500, durationS: 1 },
      { connections: 500, labs: 1000, warmUpAnswers: 1000, durationS: 1 },
    ],
    mqtt: { connections: 10, window: 1000, perChunk: 100, labs: 1000, observations: 500_000, qos: 1 },
    rounds: 3,
  },
  smoke: {
    warmUpAnswers: 50,
    measured: [{ connections: 5, labs: 100, warmUpAnswers: 5, durationS: 0.1 }],
    mqtt: { connections: 10, window: 200, perChunk: 100, labs: 100, observations: 5000, qos: 1 },
    rounds: 1,
  },
};
/** A load that waits for less than this share of its time was itself the limit. */
const BUSY_LIMIT = 0.95;

/** One observation in each request, beside the design that does so with one Redis round trip each, and beside MQTT. */
export const http: Scenario = {
  name: 'http',
  summary: 'observations/s and CPU of one POST each, beside FastAPI with Redis, a bare server, and MQTT',
  async run(options): Promise<Report> {
    const { mqtt, rounds: usual, ...loads } = SIZES[options.size];
    const rounds = options.rounds ?? usual;
    const { ways, notes } = await waysOf(loads, mqtt, options);
    const { turns, failures } = await measureAll(ways, rounds, options.peers);
    const { labs, durationS } = loads.measured[0]!;
    const rows = rowsOf(ways, turns);
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
        ...notes,
        'Ratios are against the better of the rates that FastAPI has with the two numbers of connections.',
        ...rows
          .filter(({ posted }) => median(posted.map(({ busy }) => busy)) >= BUSY_LIMIT)
          .map(
            ({ way, posted }) =>
              `${way.name}, ${posted[0]!.load}: the load was the limit, or had no core of its own; the peer can do more.`,
          ),
        ...noteOnOthers(
          rows.map(({ way, posted }) => ({
            name: `${way.name}, ${posted[0]!.load}`,
            others: Math.max(...posted.map(({ others }) => others)),
          })),
        ),
      ],
      failures,
      figures: { loads, mqtt, turns },
    };
  },
};

/** And stops what ran, whichever way it ends. */
async function measureAll(ways: readonly Way[], rounds: number, wanted: readonly string[]) {
  try {
    return await inTurns(
      ways,
      rounds,
      wanted,
      (way) => way.measure(),
      (posted) =>
        posted.map(({ load, observationsPerS }) => `${whole(observationsPerS)}/s (${load})`).join(', '),
    );
  } finally {
    for (const way of ways) await way.stop();
  }
}

type Turns = InTurns<Posted[]>['turns'];

/** One for each way and load, with all its rounds. */
function rowsOf(ways: readonly Way[], turns: Turns) {
  return turns.flatMap(({ peer, rounds }) =>
    rounds[0]!.map((_, load) => ({
      way: ways.find(({ name }) => name === peer)!,
      posted: rounds.map((round) => round[load]!),
    })),
  );
}

function bestRate(turns: Turns, peer: string): number | undefined {
  const rounds = turns.find((turn) => turn.peer === peer)?.rounds;
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
