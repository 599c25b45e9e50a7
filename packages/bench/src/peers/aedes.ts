import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { listenAndSay } from '../processes/told.js';
import type { Peer } from './peer.js';

/** aedes as its own documentation starts it: the library in the embedded broker, without us. */
export const aedesPeer: Peer = {
  name: 'aedes',
  acknowledges: 'nothing stored',
  commitsFirst: false,
  async start(processes) {
    const child = processes.startChild('aedes', {});
    const mqttPort = await child.hear<number>('port');
    return { mqttPort, processes: [{ name: 'aedes', pid: child.pid }] };
  },
};

/** The process of that peer. */
export async function runPlainAedes(): Promise<void> {
  const aedes = await Aedes.createBroker({});
  const server = createServer({ noDelay: true }, (socket) => aedes.handle(socket));
  await listenAndSay(server);
}
