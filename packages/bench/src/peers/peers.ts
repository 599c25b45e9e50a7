import { findProgram } from '../processes/find-program.js';
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

/**
 * Those of the candidates that are wanted, by name, and can run on this machine; and a line about each that cannot.
 * @param wanted names, in upper or lower case; none: all of them
 * @throws Error for a name that no peer has
 */
export function choosePeers(
  candidates: readonly Peer[],
  wanted: readonly string[],
): { peers: readonly Peer[]; notes: readonly string[] } {
  const names = wanted.map((name) => name.toLowerCase());
  const known = [...new Set([...PEERS, ...candidates].map((peer) => peer.name))];
  const unknown = names.find((name) => known.every((one) => one.toLowerCase() !== name));
  if (unknown !== undefined) throw new Error(`no such peer: ${unknown}; there are ${known.join(', ')}`);
  const chosen = candidates.filter((peer) => names.length === 0 || names.includes(peer.name.toLowerCase()));
  const missing = (peer: Peer) => peer.programs.filter((name) => findProgram(name) === undefined);
  return {
    peers: chosen.filter((peer) => missing(peer).length === 0),
    notes: chosen
      .filter((peer) => missing(peer).length > 0)
      .map((peer) => `${peer.name}: left out, for want of ${missing(peer).join(' and ')}.`),
  };
}

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
    // A process that died is known to have a moment after its connections.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const reasons = [error instanceof Error ? error.message : String(error), ...processes.ended()];
    throw new Error([...new Set(reasons)].join('\n'), { cause: error });
  } finally {
    await processes.stop();
  }
}
