import { byName, byTurns, named, type Turns } from '../by-turns.js';
import { median, percent, spread, times, whole } from '../figures.js';
import type { IngestLoad } from '../load/ingest-load.js';
import { totalUs } from '../measuring/cpu-watch.js';
import { noteOnBusyLoads, noteOnCpu, noteOnOthers } from '../measuring/doubts.js';
import { CAN_LOOK, sumUs } from '../measuring/process-figures.js';
import { humtempPeer } from '../peers/humtemp.js';
import { PEERS } from '../peers/peers.js';
import type { Report, Scenario } from '../scenario.js';
import { type Ingested, ingestOnce } from './ingest-once.js';

const ROUNDS = { smoke: 1, short: 1, normal: 3 };

/** A few connections that always have many publishes in flight, as gateways and bridges do. */
export const ingestPipelined = ingest({
  name: 'ingest-pipelined',
  summary: 'publishes/s and CPU of humtemp and other brokers: 10 connections with 1,000 in flight each',
  normal: { connections: 10, window: 1000, perChunk: 100, labs: 1000, observations: 1_000_000 },
  smoke: { connections: 10, window: 200, perChunk: 100, labs: 1000, observations: 5000 },
});

/** Many sensors, each of which waits for its acknowledgement. */
export const ingestMany = ingest({
  name: 'ingest-many',
  summary: 'the same with 2,000 connections that have one publish in flight each',
  normal: { connections: 2000, window: 1, perChunk: 1, labs: 2000, observations: 400_000 },
  smoke: { connections: 20, window: 1, perChunk: 1, labs: 20, observations: 1000 },
});

function ingest(loads: {
  readonly name: string;
  readonly summary: string;
  readonly normal: Omit<IngestLoad, 'qos'>;
  readonly smoke: Omit<IngestLoad, 'qos'>;
}): Scenario {
  const { name, summary } = loads;
  return {
    name,
    summary,
    async run(options): Promise<Report> {
      const chosen = options.size === 'smoke' ? loads.smoke : loads.normal;
      const load: IngestLoad = {
        ...chosen,
        qos: options.qos,
        connections: options.connections ?? chosen.connections,
        observations: options.observations ?? chosen.observations,
      };
      const rounds = options.rounds ?? ROUNDS[options.size];
      const { turns, notes, failures } = await byTurns(
        PEERS,
        rounds,
        options,
        (peer) => ingestOnce(peer, load, options),
        ({ publishesPerS }) => `${whole(publishesPerS)} publishes/s`,
      );
      return {
        title:
          `${name}: ${load.connections} connections with ${load.window} in flight each, QoS ${load.qos}, ` +
          `${whole(load.observations)} observations of ${load.labs} labs; median of ${rounds} by turns`,
        columns: [
          'peer',
          'an acknowledgement means',
          'publishes/s',
          'lowest – highest',
          "humtemp's rate / its",
          'CPU µs per publish',
          "its CPU / humtemp's",
          'load busy',
        ],
        rows: turns.map((turn) => rowOf(turn, turns)),
        notes: [...notes, ...notesOn(turns)],
        failures,
        figures: { load, turns: byName(turns) },
      };
    },
  };
}

function rowOf({ peer, rounds }: Turns<Ingested>, turns: readonly Turns<Ingested>[]): string[] {
  const humtemp = turns.find((turn) => turn.peer === humtempPeer)?.rounds;
  const rates = rounds.map(({ publishesPerS }) => publishesPerS);
  const rate = (of: readonly Ingested[]) => median(of.map(({ publishesPerS }) => publishesPerS));
  const cpu = (of: readonly Ingested[]) => median(of.map(totalCpu));
  return [
    peer.name,
    peer.acknowledges,
    whole(rate(rounds)),
    spread(rates, whole),
    humtemp ? times(rate(humtemp) / rate(rounds)) : '–',
    CAN_LOOK ? cpuCell(rounds) : '–',
    CAN_LOOK && humtemp ? times(cpu(rounds) / cpu(humtemp)) : '–',
    percent(median(rounds.map(({ busy }) => busy))),
  ];
}

/** The sum, and each process where there are several. */
function cpuCell(rounds: readonly Ingested[]): string {
  const names = Object.keys(rounds[0]!.cpu);
  const each = names.map((name) => {
    const us = median(rounds.map(({ cpu, publishes }) => sumUs(cpu[name]!) / publishes));
    return `${name} ${us.toFixed(2)}`;
  });
  const sum = median(rounds.map(totalCpu)).toFixed(2);
  return names.length === 1 ? sum : `${sum} (${each.join(', ')})`;
}

function totalCpu({ cpu, publishes }: Ingested): number {
  return totalUs(cpu) / publishes;
}

function notesOn(turns: readonly Turns<Ingested>[]): string[] {
  const lost = named(turns).map(({ name, rounds }) => ({
    name,
    count: rounds.reduce((sum, round) => sum + round.lost, 0),
  }));
  return [
    ...noteOnCpu(),
    ...noteOnBusyLoads(named(turns)),
    ...lost
      .filter(({ count }) => count > 0)
      .map(
        ({ name, count }) => `${name}: ${whole(count)} observations were sent at QoS 0 and never committed.`,
      ),
    ...noteOnOthers(named(turns)),
  ];
}
