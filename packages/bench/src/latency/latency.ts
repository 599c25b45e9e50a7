import { byName, byTurns, progress, type Turns } from '../by-turns.js';
import { median, percent, times, whole } from '../figures.js';
import { noteOnOthers } from '../measuring/doubts.js';
import { fsyncFloor } from '../measuring/fsync-floor.js';
import type { Latencies } from '../measuring/latency-histogram.js';
import { CAN_LOOK } from '../measuring/process-figures.js';
import type { Size } from '../options.js';
import { aedesPeer } from '../peers/aedes.js';
import { humtempPeer } from '../peers/humtemp.js';
import { mosquittoPeer } from '../peers/mosquitto.js';
import { workerPeer } from '../peers/mosquitto-worker-redis.js';
import type { Peer } from '../peers/peer.js';
import type { Report, Scenario } from '../scenario.js';
import { idleLatency } from './idle-latency.js';
import { type LatencyOnce, type Level, type LevelsWanted, latencyOnce } from './latency-once.js';

const PAYLOADS = { connections: 10, perChunk: 100, labs: 1000, qos: 1 } as const;

interface LatencySize extends LevelsWanted {
  readonly idle: number;
  readonly fsyncs: number;
  /** Of the maximum. */
  readonly shares: readonly number[];
}

const NORMAL: LatencySize = {
  idle: 5000,
  fsyncs: 1000,
  shares: [0.1, 0.5, 0.8],
  maximum: { ...PAYLOADS, window: 1000, observations: 400_000 },
  paced: { connections: 10, labs: 1000, warmUpS: 1, durationS: 5 },
  probeEveryMs: 50,
};
const SIZES: Record<Size, LatencySize> = {
  normal: NORMAL,
  short: { ...NORMAL, paced: { ...NORMAL.paced, durationS: 3 } },
  smoke: {
    idle: 100,
    fsyncs: 20,
    shares: [0.5],
    maximum: { ...PAYLOADS, window: 200, observations: 5000 },
    paced: { connections: 10, labs: 1000, warmUpS: 0.05, durationS: 0.2 },
    probeEveryMs: 50,
  },
};
/** Beyond this share of its own maximum a peer is not asked for a rate of another one. */
const REACH = 0.9;
/** Below this share of the rate that was wanted, it did not keep up. */
const KEPT_UP = 0.95;

/** How long an observation takes until it is acknowledged, and until it can be read: idle, and under rates that are held. */
export const latency: Scenario = {
  name: 'latency',
  summary:
    'from due to acknowledged to visible at 10, 50 and 80 % of the maximum, beside the disk alone and an EVALSHA',
  async run(options): Promise<Report> {
    const { idle: idleCount, fsyncs, shares, ...wanted } = SIZES[options.size];
    const rounds = options.rounds ?? 1;
    const idle = await idleLatency(idleCount);
    const fsync = await fsyncFloor(fsyncs);
    // Those that store nothing are asked for humtemp's rates, so it comes first.
    let humtempMaximum: number | undefined;
    const ratesFor = (peer: Peer) => (maximumPerS: number) => {
      if (peer === humtempPeer) humtempMaximum = maximumPerS;
      const isItsOwn = peer.commitsFirst || peer === workerPeer || humtempMaximum === undefined;
      const base = isItsOwn ? maximumPerS : humtempMaximum!;
      return shares.map((share) => Math.round(share * base)).filter((perS) => perS <= REACH * maximumPerS);
    };
    const { turns, notes, failures } = await byTurns(
      [humtempPeer, workerPeer, aedesPeer, mosquittoPeer],
      rounds,
      options,
      (peer) => latencyOnce(peer, wanted, ratesFor(peer), options, progress),
      ({ maximumPerS }) => `at most ${whole(maximumPerS)} publishes/s`,
    );
    const floorOf = (peer: Peer) =>
      peer === humtempPeer ? fsync : peer === workerPeer ? idle.bareEvalsha : undefined;
    return {
      title:
        `latency: idle, medians of ${whole(idleCount)} in turns; then ${wanted.paced.connections} connections that publish at a fixed ` +
        `rate for ${wanted.paced.durationS} s, ${whole(wanted.paced.labs)} labs, QoS 1, counted from the moment at which a publish ` +
        `was due; median of ${rounds}`,
      columns: [
        'what',
        'publishes/s',
        'acknowledged: p50 ms',
        'p99',
        'p99.9',
        'visible: p50 ms',
        'p99',
        'acknowledged p50 against its floor',
        'load late: p50 ms',
        'p99.9',
        'cores',
      ],
      rows: [
        floorRow('a bare EVALSHA', idle.bareEvalsha, times(1)),
        floorRow(
          'observation committed',
          idle.committed,
          times(idle.committed.p50Ms / idle.bareEvalsha.p50Ms),
        ),
        floorRow('4 KiB written with an fsync', fsync, times(1)),
        ...turns.flatMap((turn) => rowsOf(turn, shares, floorOf(turn.peer))),
      ],
      notes: [...notes, ...notesOn(turns)],
      failures,
      figures: { idle, fsync, turns: byName(turns) },
    };
  },
};

const ms = (value: number) => value.toFixed(3);

function floorRow(name: string, { p50Ms, p99Ms, p999Ms }: Latencies, ratio: string): string[] {
  return [name, '–', ms(p50Ms), ms(p99Ms), ms(p999Ms), '–', '–', ratio, '–', '–', '–'];
}

/** A row for each share; dashes where the peer was not asked for so much. */
function rowsOf(
  { peer, rounds }: Turns<LatencyOnce>,
  shares: readonly number[],
  floor: Latencies | undefined,
): string[][] {
  return shares.map((share, index) => {
    const name = `${peer.name}, ${percent(share)}${peer.commitsFirst || peer === workerPeer ? '' : " of humtemp's"}`;
    const levels = rounds.map(({ levels }) => levels[index]).filter((level) => level !== undefined);
    if (levels.length === 0) return [name, ...Array<string>(10).fill('–')];
    const of = (figure: (level: Level) => number) => median(levels.map(figure));
    const isVisible = levels.every(({ visible }) => visible !== undefined);
    const p50Ms = of(({ load }) => load.acknowledged.p50Ms);
    return [
      name,
      whole(of(({ load }) => load.perS)),
      ms(p50Ms),
      ms(of(({ load }) => load.acknowledged.p99Ms)),
      ms(of(({ load }) => load.acknowledged.p999Ms)),
      isVisible ? ms(of(({ visible }) => visible!.visible.p50Ms)) : '–',
      isVisible ? ms(of(({ visible }) => visible!.visible.p99Ms)) : '–',
      floor === undefined ? '–' : times(p50Ms / floor.p50Ms),
      ms(of(({ load }) => load.late.p50Ms)),
      ms(of(({ load }) => load.late.p999Ms)),
      CAN_LOOK ? of(({ cores }) => cores).toFixed(2) : '–',
    ];
  });
}

function notesOn(turns: readonly Turns<LatencyOnce>[]): string[] {
  const maxima = turns.map(
    ({ peer, rounds }) => `${peer.name} ${whole(median(rounds.map(({ maximumPerS }) => maximumPerS)))}`,
  );
  const notes = [
    `Maximum under the pipelining load, publishes/s: ${maxima.join(', ')}.`,
    'A dash: more than nine tenths of what the peer can take. Mosquitto+worker+Redis acknowledges before it stores: there visible is what ' +
      'compares with an acknowledgement of humtemp. Load late: how much of a latency is the load itself, which wrote that long ' +
      'after the publish was due.',
  ];
  const levels = turns.flatMap(({ peer, rounds }) =>
    rounds.flatMap(({ levels }) =>
      levels.map((level) => ({ ...level, name: `${peer.name} at ${whole(level.wantedPerS)}/s` })),
    ),
  );
  const behind = levels.filter(({ load, wantedPerS }) => load.perS < KEPT_UP * wantedPerS);
  if (behind.length > 0) notes.push(`Did not keep up: ${behind.map(({ name }) => name).join(', ')}.`);
  return [...notes, ...noteOnOthers(levels.map((level) => ({ name: level.name, rounds: [level] })))];
}
