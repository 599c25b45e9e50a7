import { aedesPeer } from '../peers/aedes.js';
import { humtempPeer } from '../peers/humtemp.js';
import type { Peer } from '../peers/peer.js';
import type { FloorStep } from './floor-server.js';

/** Each with what it adds to the one before. */
export const FLOORS: readonly Peer[] = [
  floor('node:net: read and write PUBACKs', 'read and write'),
  floor('+ walk the frames', 'walk'),
  floor('+ JSON.parse', 'parse'),
  floor('tap and decoder before a store that counts', 'decode'),
];

/** The floors, and what stands on them. */
export const FLOORS_AND_BROKERS: readonly Peer[] = [...FLOORS, humtempPeer, aedesPeer];

function floor(name: string, step: FloorStep): Peer {
  return {
    name,
    acknowledges: 'nothing stored',
    commitsFirst: false,
    async start(processes) {
      const child = processes.startChild('floor-server', { step });
      const mqttPort = await child.hear<number>('port');
      return { mqttPort, processes: [{ name, pid: child.pid }] };
    },
  };
}
