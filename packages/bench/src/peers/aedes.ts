import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { say } from '../processes/told.js';
import type { Peer } from './peer.js';

/** aedes as its own documentation starts it: the library in the embedded broker, without us. */
export const aedesPeer: Peer = {
  name: 'aedes',
  acknowledges: 'nothing stored',
  commitsFirst: false,
  programs: [],
  async start(processes) {
    const child = processes.startChild('aedes', {});
    const mqttPort = await child.hear<number>('port');
    return { mqttPort, processes: [{ name: 'aedes', pid: child.pid }], committed: undefined };
  },
};

/** The process of that peer. */
export async function runPlainAedes(): Promise<void> {
  const aedes = await Aedes.createBroker({});
  const server = createServer({ noDelay: true }, (socket) => aedes.handle(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  say('port', typeof address === 'object' ? address?.port : undefined);
}
