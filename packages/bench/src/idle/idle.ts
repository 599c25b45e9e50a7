import { byName, byTurns } from '../by-turns.js';
import { median, mib, spread, times, whole } from '../figures.js';
import { CAN_LOOK, type Memory, memory, openFilesMax } from '../measuring/process-figures.js';
import { within } from '../measuring/within.js';
import { humtempPeer } from '../peers/humtemp.js';
import type { Peer, PeerOptions } from '../peers/peer.js';
import { BROKERS, withPeer } from '../peers/peers.js';
import { leftOut, type Report, type Scenario } from '../scenario.js';

interface Idle {
  readonly without: Memory;
  readonly with: Memory;
  readonly bytesPerConnection: number;
}

const SIZES = {
  normal: { connections: 5000, settleS: 10, rounds: 3 },
  short: { connections: 5000, settleS: 4, rounds: 1 },
  smoke: { connections: 50, settleS: 0.1, rounds: 1 },
};
/** Handles that a process needs for other things than these connections. */
const HANDLES_KEPT = 200;
const OPENING_S_MAX = 120;

/** Memory of the connections alone: (RSS with them − RSS without) / connections. */
export const idle: Scenario = {
  name: 'idle',
  summary: 'memory of a broker for each of 5,000 connections that do nothing',
  async run(options): Promise<Report> {
    if (!CAN_LOOK) return leftOut('idle: left out, there is no /proc here to read memory from');
    const size = SIZES[options.size];
    const wanted = options.connections ?? size.connections;
    const connections = Math.min(wanted, openFilesMax() - HANDLES_KEPT);
    const rounds = options.rounds ?? size.rounds;
    const { turns, notes, failures } = await byTurns(
      BROKERS,
      rounds,
      options,
      (peer) => idleOnce(peer, connections, size.settleS, options),
      ({ bytesPerConnection }) => `${whole(bytesPerConnection)} bytes for each connection`,
    );
    const humtemp = turns.find(({ peer }) => peer === humtempPeer)?.rounds;
    const each = (of: readonly Idle[]) => median(of.map(({ bytesPerConnection }) => bytesPerConnection));
    return {
      title:
        `idle: ${whole(connections)} connections, ${size.settleS} s after the last was accepted; ` +
        `median of ${rounds} by turns`,
      columns: [
        'peer',
        'RSS without, MiB',
        'RSS with, MiB',
        'bytes for each',
        'lowest – highest',
        'against humtemp',
      ],
      rows: turns.map(({ peer, rounds }) => [
        peer.name,
        mib(median(rounds.map(({ without }) => without.rssBytes))),
        mib(median(rounds.map((round) => round.with.rssBytes))),
        whole(each(rounds)),
        spread(
          rounds.map(({ bytesPerConnection }) => bytesPerConnection),
          whole,
        ),
        humtemp ? times(each(rounds) / each(humtemp)) : '–',
      ]),
      notes:
        connections < wanted
          ? [...notes, `Not ${whole(wanted)} connections: ulimit -n allows no more.`]
          : notes,
      failures,
      figures: { connections, turns: byName(turns) },
    };
  },
};

function idleOnce(peer: Peer, connections: number, settleS: number, options: PeerOptions): Promise<Idle> {
  return withPeer(peer, options, async (running, processes) => {
    const { pid } = running.processes[0]!;
    const settle = () => new Promise((resolve) => setTimeout(resolve, settleS * 1000));
    await settle();
    const without = memory(pid);
    const child = processes.startChild('idle-load', { port: running.mqttPort, connections });
    await within(OPENING_S_MAX, child.hear('ready'));
    await Promise.race([settle(), child.hear('closed')]);
    const withThem = memory(pid);
    return {
      without,
      with: withThem,
      bytesPerConnection: (withThem.rssBytes - without.rssBytes) / connections,
    };
  });
}
