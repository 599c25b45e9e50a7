import { ProcessGroup } from '../processes/process-group.js';
import { aedesPeer } from './aedes.js';
import { humtempPeer } from './humtemp.js';
import { mosquittoPeer } from './mosquitto.js';
import { workerPeer } from './mosquitto-worker-redis.js';
import { natsPeer } from './nats.js';
import type { Peer, PeerOptions, RunningPeer } from './peer.js';

/** Brokers alone, in the order of the tables. */
export const BROKERS: readonly Peer[] = [humtempPeer, aedesPeer, mosquittoPeer];
/** And those of the ingest scenarios alone: a further broker, and one with what it takes to store observations. */
export const PEERS: readonly Peer[] = [...BROKERS, natsPeer, workerPeer];

/** Starts a peer, and stops whatever was started whichever way `use` ends. */
export async function withPeer<T>(
  peer: Peer,
  options: PeerOptions,
  use: (running: RunningPeer, processes: ProcessGroup) => Promise<T>,
): Promise<T> {
  const processes = new ProcessGroup();
  try {
    return await use(await peer.start(processes, options), processes);
  } catch (error) {
    throw await processes.explained(error);
  } finally {
    await processes.stop();
  }
}
