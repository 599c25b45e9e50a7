import type { Options } from './options.js';
import type { Peer } from './peers/peer.js';
import { choosePeers } from './peers/peers.js';

/** What the rounds of one peer gave. */
export interface Turns<T> {
  readonly peer: Peer;
  readonly rounds: readonly T[];
}

export interface ByTurns<T> {
  /** Peers with at least one round that went well. */
  readonly turns: readonly Turns<T>[];
  /** Of peers that were left out. */
  readonly notes: readonly string[];
  readonly failures: readonly string[];
}

/**
 * Measures the peers by turns (A B C, A B C, …): what else the machine does then falls on all of them. A round that fails
 * is a line among the failures, and the others go on.
 * @param describe one line about a round that went well, to show the progress
 */
export async function byTurns<T>(
  candidates: readonly Peer[],
  rounds: number,
  options: Options,
  measure: (peer: Peer) => Promise<T>,
  describe: (measured: T) => string,
): Promise<ByTurns<T>> {
  const { peers, notes } = choosePeers(candidates, options.peers);
  const measured = new Map<Peer, T[]>(peers.map((peer) => [peer, []]));
  const failures: string[] = [];
  for (let round = 1; round <= rounds; round++)
    for (const peer of peers) {
      progress(`round ${round} of ${rounds}: ${peer.name} …`);
      try {
        const result = await measure(peer);
        measured.get(peer)!.push(result);
        progress(`round ${round} of ${rounds}: ${peer.name}: ${describe(result)}`);
      } catch (error) {
        failures.push(`${peer.name}, round ${round}: ${error instanceof Error ? error.message : error}`);
        progress(failures.at(-1)!);
      }
    }
  const turns = [...measured].map(([peer, rounds]) => ({ peer, rounds }));
  return { turns: turns.filter(({ rounds }) => rounds.length > 0), notes, failures };
}

/** Says what goes on, beside the output that one may want to keep. */
export function progress(text: string): void {
  process.stderr.write(`  ${text}\n`);
}
