import { byName, byTurns, type Turns } from '../by-turns.js';
import { median, percent, times, whole } from '../figures.js';
import { type Ingested, ingestOnce } from '../ingest/ingest-once.js';
import { totalUs } from '../measuring/cpu-watch.js';
import { BUSY_LIMIT, noteOnOthers } from '../measuring/doubts.js';
import { fsyncFloor } from '../measuring/fsync-floor.js';
import { aedesPeer } from '../peers/aedes.js';
import { humtempPeer } from '../peers/humtemp.js';
import type { Peer } from '../peers/peer.js';
import type { Report, Scenario } from '../scenario.js';
import { FLOORS, FLOORS_AND_BROKERS } from './floor-peers.js';
import { payloadTimes } from './payload-times.js';

const NORMAL = {
  pipelined: { connections: 10, window: 1000, perChunk: 100, labs: 1000, observations: 500_000, qos: 1 },
  many: { connections: 2000, window: 1, perChunk: 1, labs: 2000, observations: 200_000, qos: 1 },
  payloadTurns: 15,
  fsyncs: 500,
} as const;
const SIZES = {
  normal: NORMAL,
  short: { ...NORMAL, many: { ...NORMAL.many, observations: 100_000 } },
  smoke: {
    pipelined: { connections: 10, window: 200, perChunk: 100, labs: 1000, observations: 5000, qos: 1 },
    many: { connections: 20, window: 1, perChunk: 1, labs: 20, observations: 1000, qos: 1 },
    payloadTurns: 1,
    fsyncs: 20,
  },
} as const;

interface Floor {
  readonly pipelined: Ingested;
  readonly many: Ingested;
}

/** What taking publishes costs a Node process at least, step by step, beside humtemp and aedes under the same loads. */
export const floors: Scenario = {
  name: 'floors',
  summary:
    'the least that taking publishes costs a Node process: reading and writing, walking, parsing, decoding',
  async run(options): Promise<Report> {
    const { pipelined, many, payloadTurns, fsyncs } = SIZES[options.size];
    const rounds = options.rounds ?? 1;
    const [payload, fsync] = [await payloadTimes(payloadTurns), await fsyncFloor(fsyncs)];
    const { turns, notes, failures } = await byTurns(
      FLOORS_AND_BROKERS,
      rounds,
      options,
      async (peer): Promise<Floor> => ({
        pipelined: await ingestOnce(peer, pipelined, options),
        many: await ingestOnce(peer, many, options),
      }),
      (floor) =>
        `${whole(floor.pipelined.publishesPerS)} publishes/s pipelined, ${whole(floor.many.publishesPerS)} with one in flight`,
    );
    const columns = (load: string) => [
      `${load}: publishes/s`,
      "against aedes'",
      'CPU µs per publish',
      'of it in the kernel',
      'load busy',
    ];
    return {
      title:
        `floors: ${whole(pipelined.observations)} observations over ${pipelined.connections} connections with ` +
        `${whole(pipelined.window)} in flight each, and ${whole(many.observations)} over ${whole(many.connections)} with one each; ` +
        `QoS 1, median of ${rounds}`,
      columns: ['server', ...columns('pipelined'), ...columns('one in flight')],
      rows: turns.map(({ peer, rounds }) => [
        peer.name,
        ...cells(turns, rounds, ({ pipelined }) => pipelined),
        ...cells(turns, rounds, ({ many }) => many),
      ]),
      notes: [
        ...notes,
        `One payload alone: JSON.parse ${whole(payload.jsonParseNs)} ns, with the general decoder ${whole(payload.generalNs)} ns; ` +
          `the decoder for bytes, with checks and identity, into the batch ${whole(payload.intakeNs)} ns.`,
        `4 KiB appended with an fsync: median ${fsync.p50Ms.toFixed(3)} ms, p99 ${fsync.p99Ms.toFixed(3)} ms.`,
        ...noteOnReach('pipelined', turns, ({ pipelined }) => pipelined),
        ...noteOnReach('one in flight', turns, ({ many }) => many),
        ...noteOnOthers(
          turns.flatMap(({ peer, rounds }) => [
            { name: `${peer.name}, pipelined`, rounds: rounds.map(({ pipelined }) => pipelined) },
            { name: `${peer.name}, one in flight`, rounds: rounds.map(({ many }) => many) },
          ]),
        ),
      ],
      failures,
      figures: { payload, fsync, turns: byName(turns) },
    };
  },
};

type Choose = (floor: Floor) => Ingested;

function cells(turns: readonly Turns<Floor>[], rounds: readonly Floor[], choose: Choose): string[] {
  const aedes = turns.find(({ peer }) => peer === aedesPeer)?.rounds;
  const { rate, cpuUs, kernel, busy } = middle(rounds, choose);
  return [
    whole(rate),
    aedes ? times(rate / middle(aedes, choose).rate) : '–',
    cpuUs > 0 ? cpuUs.toFixed(2) : '–',
    cpuUs > 0 ? percent(kernel) : '–',
    percent(busy),
  ];
}

function middle(rounds: readonly Floor[], choose: Choose) {
  const of = (figure: (watched: Ingested) => number) => median(rounds.map((round) => figure(choose(round))));
  return {
    rate: of(({ publishesPerS }) => publishesPerS),
    cpuUs: of(({ cpu, publishes }) => totalUs(cpu) / publishes),
    kernel: of(
      ({ cpu }) => Object.values(cpu).reduce((sum, { systemUs }) => sum + systemUs, 0) / totalUs(cpu),
    ),
    busy: of(({ busy }) => busy),
    loadUs: of(({ loadCpu, publishes }) => totalUs({ loadCpu }) / publishes),
  };
}

/** How many times as fast as aedes a server in Node could be at most under a load, and how much of that humtemp is. */
function noteOnReach(load: string, turns: readonly Turns<Floor>[], choose: Choose): string[] {
  const of = (peer: Peer) => turns.find((turn) => turn.peer === peer)?.rounds;
  const [floor, humtemp, aedes] = [FLOORS[0]!, humtempPeer, aedesPeer].map(of);
  if (floor === undefined || humtemp === undefined || aedes === undefined) return [];
  const [least, ours, theirs] = [floor, humtemp, aedes].map((rounds) => middle(rounds, choose));
  const reach = least!.rate / theirs!.rate;
  return [
    `${load}: a Node server that only reads and writes makes ${times(reach)} of aedes' rate` +
      (least!.busy >= BUSY_LIMIT ? ', with the load at its own limit' : '') +
      (theirs!.cpuUs > 0 && least!.cpuUs > 0
        ? `, and by its CPU alone ${times(theirs!.cpuUs / least!.cpuUs)} (the load: ${least!.loadUs.toFixed(2)} µs per publish)`
        : '') +
      `; humtemp makes ${times(ours!.rate / theirs!.rate)}, ${percent(ours!.rate / least!.rate)} of the floor's rate.`,
  ];
}
