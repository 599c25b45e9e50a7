import { temporaryFolder } from '@humtemp/test-services';
import { byName, byTurns } from '../by-turns.js';
import { median, spread, times, whole } from '../figures.js';
import { FLOORS } from '../floors/floor-peers.js';
import { CAN_LOOK, cpuUsed, openFilesMax, sumUs } from '../measuring/process-figures.js';
import { humtempPeer } from '../peers/humtemp.js';
import type { Peer, PeerOptions } from '../peers/peer.js';
import { BROKERS, withPeer } from '../peers/peers.js';
import { leftOut, type Report, type Scenario } from '../scenario.js';
import {
  COMPILER,
  compileSensors,
  runSensors,
  type SensorsDone,
  type SensorsWanted,
} from './sensors-program.js';

interface Measured extends SensorsDone {
  readonly rate: number;
  /** CPU time of the server. */
  readonly usPerPublish: number;
  /** Of the time of one core. */
  readonly share: number;
}

const SIZES = {
  normal: { connections: 2000, durationS: 8, rounds: 5 },
  short: { connections: 2000, durationS: 4, rounds: 1 },
  smoke: { connections: 50, durationS: 0.5, rounds: 1 },
};
const LABS = 1000;
const HANDLES_KEPT = 200;

/** What sensors do: hold a connection, publish one observation at QoS 1, wait for its PUBACK. */
export const sensors: Scenario = {
  name: 'sensors',
  summary: '2,000 connections with one publish in flight each, by a load in C',
  async run(options): Promise<Report> {
    if (!CAN_LOOK) return leftOut('sensors: left out, there is no /proc here to read CPU time from');
    if (COMPILER === undefined) return leftOut('sensors: left out, there is no compiler for C here');
    const size = SIZES[options.size];
    const connections = Math.min(options.connections ?? size.connections, openFilesMax() - HANDLES_KEPT);
    const rounds = options.rounds ?? size.rounds;
    const seconds = options.durationS ?? size.durationS;
    const { perS = 0 } = options;
    const folder = await temporaryFolder('sensors');
    try {
      const program = await compileSensors(COMPILER, folder.path);
      const { turns, notes, failures } = await byTurns(
        [...BROKERS, FLOORS[0]!],
        rounds,
        options,
        (peer) => once(peer, program, { connections, window: 1, seconds, labs: LABS, perS }, options),
        ({ rate, usPerPublish }) => `${whole(rate)}/s, ${usPerPublish.toFixed(1)} µs of CPU for each`,
      );
      const of = (measured: readonly Measured[], figure: keyof Measured) =>
        median(measured.map((one) => one[figure]));
      const humtemp = turns.find(({ peer }) => peer === humtempPeer)?.rounds;
      return {
        title: `sensors: ${whole(connections)} connections, ${perS > 0 ? `${whole(perS)} publishes/s in all by turns` : 'one publish at QoS 1 in flight each'}, ${seconds} s; median of ${rounds} by turns`,
        columns: [
          'peer',
          'PUBACKs/s',
          'CPU µs each',
          'of a core',
          'lowest – highest',
          'p50 ms',
          'p99 ms',
          'against humtemp',
        ],
        rows: turns.map(({ peer, rounds: measured }) => [
          `${peer.name} (${peer.acknowledges})`,
          whole(of(measured, 'rate')),
          of(measured, 'usPerPublish').toFixed(1),
          `${(100 * of(measured, 'share')).toFixed(1)} %`,
          spread(
            measured.map(({ usPerPublish }) => usPerPublish),
            (us) => us.toFixed(1),
          ),
          of(measured, 'p50Ms').toFixed(1),
          of(measured, 'p99Ms').toFixed(1),
          humtemp ? times(of(measured, 'rate') / of(humtemp, 'rate')) : '–',
        ]),
        notes,
        failures,
        figures: { connections, turns: byName(turns) },
      };
    } finally {
      await folder.remove();
    }
  },
};

function once(
  peer: Peer,
  program: string,
  wanted: Omit<SensorsWanted, 'port'>,
  options: PeerOptions,
): Promise<Measured> {
  return withPeer(peer, options, async (running) => {
    const used = () => running.processes.reduce((sum, { pid }) => sum + sumUs(cpuUsed(pid)), 0);
    let before = 0;
    const done = await runSensors(program, { port: running.mqttPort, ...wanted }, () => {
      before = used();
    });
    const usedUs = used() - before;
    const committed = await running.committed?.();
    if (committed !== undefined && committed < done.acknowledged)
      throw new Error(`acknowledged ${done.acknowledged} observations, and has committed ${committed}`);
    return {
      ...done,
      rate: done.acknowledged / done.seconds,
      usPerPublish: usedUs / done.acknowledged,
      share: usedUs / 1e6 / done.seconds,
    };
  });
}
