import { byName, byTurns, progress } from '../by-turns.js';
import { median, mib, times, whole } from '../figures.js';
import { totalUs } from '../measuring/cpu-watch.js';
import { noteOnOthers } from '../measuring/doubts.js';
import { CAN_LOOK } from '../measuring/process-figures.js';
import { humtempPeer } from '../peers/humtemp.js';
import { workerPeer } from '../peers/mosquitto-worker-redis.js';
import type { Report, Scenario } from '../scenario.js';
import { type Grown, growthOnce } from './growth-once.js';

const SIZES = {
  normal: { labs: [100, 1000, 10_000, 100_000], observations: 500_000, window: 1000, quietMs: 1500 },
  short: { labs: [100, 10_000, 100_000], observations: 500_000, window: 1000, quietMs: 1500 },
  smoke: { labs: [100, 1000], observations: 5000, window: 200, quietMs: 100 },
} as const;
const LOAD = { connections: 10, perChunk: 100, qos: 1 } as const;

/** What more labs cost, when the observations stay the same. */
export const growth: Scenario = {
  name: 'growth',
  summary:
    'rate, CPU, memory and disk with 100, 1,000, 10,000 and 100,000 labs and the same number of observations',
  async run(options): Promise<Report> {
    const { labs, window, quietMs } = SIZES[options.size];
    const observations = options.observations ?? SIZES[options.size].observations;
    const rounds = options.rounds ?? 1;
    const { turns, notes, failures } = await byTurns(
      [humtempPeer, workerPeer],
      rounds,
      options,
      async (peer) => {
        const grown: Grown[] = [];
        for (const count of labs) {
          const load = { ...LOAD, window, labs: count, observations };
          grown.push(await growthOnce(peer, load, quietMs, options));
          progress(
            `${peer.name}: ${whole(count)} labs: ${whole(grown.at(-1)!.load.publishesPerS)} publishes/s`,
          );
        }
        return grown;
      },
      (grown) =>
        `${times(grown.at(-1)!.load.publishesPerS / grown[0]!.load.publishesPerS)} of the rate at last`,
    );
    return {
      title:
        `growth: ${whole(observations)} observations over ${LOAD.connections} pipelining connections, QoS 1, of ever more labs; ` +
        `each begins empty; median of ${rounds}`,
      columns: [
        'peer',
        'labs',
        'publishes/s',
        'against the first',
        'CPU µs per publish',
        'against the first',
        'RSS MiB',
        'bytes for each further lab',
        'data folder MiB',
        'bytes for each further lab',
      ],
      rows: turns.flatMap(({ peer, rounds }) => rowsOf(peer.name, rounds)),
      notes: [
        ...notes,
        'Bytes for each further lab: what is more than in the first row, by the labs that are more. RSS is of all processes, and of a ' +
          'heap that was collected when it happened to be. The data folder is measured once its size has not changed for a while: of ' +
          'many labs the embedded store has not saved all by then, and has the rest in its journal.',
        ...noteOnOthers(
          turns.flatMap(({ peer, rounds }) =>
            labs.map((count, i) => ({
              name: `${peer.name} with ${whole(count)} labs`,
              rounds: rounds.map((grown) => grown[i]!.load),
            })),
          ),
        ),
      ],
      failures,
      figures: { turns: byName(turns) },
    };
  },
};

function rowsOf(name: string, rounds: readonly (readonly Grown[])[]): string[][] {
  const at = (index: number, figure: (grown: Grown) => number) =>
    median(rounds.map((grown) => figure(grown[index]!)));
  return rounds[0]!.map(({ labs }, index) => {
    const cell = (figure: (grown: Grown) => number, format: (value: number) => string) => [
      format(at(index, figure)),
      times(at(index, figure) / at(0, figure)),
    ];
    const bytes = (figure: (grown: Grown) => number) => [
      mib(at(index, figure)),
      index === 0 ? '–' : whole((at(index, figure) - at(0, figure)) / (labs - rounds[0]![0]!.labs)),
    ];
    return [
      name,
      whole(labs),
      ...cell(({ load }) => load.publishesPerS, whole),
      ...(CAN_LOOK
        ? cell(
            ({ load }) => totalUs(load.cpu) / load.publishes,
            (us) => us.toFixed(2),
          )
        : ['–', '–']),
      ...(CAN_LOOK ? bytes(({ rssBytes }) => rssBytes) : ['–', '–']),
      ...bytes(({ folderBytes }) => folderBytes),
    ];
  });
}
