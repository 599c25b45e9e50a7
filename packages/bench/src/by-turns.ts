import type { Options } from './options.js';
import type { Peer } from './peers/peer.js';
import { findProgram } from './processes/find-program.js';

/** What is measured by turns with others: a broker, a server, a way to do something. */
export interface Candidate {
  /** As the tables and --peers have it. */
  readonly name: string;
  /** Programs it needs beside Node. */
  readonly programs?: readonly string[];
  /** Measured only when --peers names it. */
  readonly isOnlyNamed?: boolean;
}

/** What the rounds of one candidate gave. */
export interface Turns<T, C extends Candidate = Peer> {
  readonly peer: C;
  readonly rounds: readonly T[];
}

export interface InTurns<T, C extends Candidate = Peer> {
  /** Candidates with at least one round that went well. */
  readonly turns: readonly Turns<T, C>[];
  readonly failures: readonly string[];
}

export interface ByTurns<T, C extends Candidate = Peer> extends InTurns<T, C> {
  /** Of candidates that were left out. */
  readonly notes: readonly string[];
}

/**
 * Measures those of the candidates that are wanted and can run here, in turns.
 * @param describe one line about a round that went well, to show the progress
 * @throws Error for a name in --peers that no candidate has, if only one scenario is run: of several, each has its own
 */
export async function byTurns<T, C extends Candidate>(
  candidates: readonly C[],
  rounds: number,
  options: Pick<Options, 'scenarios' | 'peers'>,
  measure: (candidate: C, round: number) => Promise<T>,
  describe: (measured: T) => string,
): Promise<ByTurns<T, C>> {
  const { chosen, notes } = choose(candidates, options);
  return { ...(await inTurns(chosen, rounds, measure, describe)), notes };
}

/**
 * Measures all candidates in turns (A B C, A B C, …): what else the machine does then falls on all of them. A round that
 * fails is a line among the failures, and the others go on.
 */
export async function inTurns<T, C extends Candidate>(
  candidates: readonly C[],
  rounds: number,
  measure: (candidate: C, round: number) => Promise<T>,
  describe: (measured: T) => string,
): Promise<InTurns<T, C>> {
  const turns = candidates.map((peer) => ({ peer, rounds: [] as T[] }));
  const failures: string[] = [];
  for (let round = 1; round <= rounds; round++)
    for (const { peer, rounds: measured } of turns) {
      const turn = `round ${round} of ${rounds}: ${peer.name}`;
      progress(`${turn} …`);
      try {
        const result = await measure(peer, round);
        measured.push(result);
        progress(`${turn}: ${describe(result)}`);
      } catch (error) {
        failures.push(`${peer.name}, round ${round}: ${error instanceof Error ? error.message : error}`);
        progress(failures.at(-1)!);
      }
    }
  return { turns: turns.filter(({ rounds }) => rounds.length > 0), failures };
}

/** The same with names, for the JSON file. */
export function byName<T, C extends Candidate>(turns: readonly Turns<T, C>[]) {
  return turns.map(({ peer, rounds }) => ({ peer: peer.name, rounds }));
}

/** The same with the name alone, for notes. */
export function named<T, C extends Candidate>(turns: readonly Turns<T, C>[]) {
  return turns.map(({ peer: { name }, rounds }) => ({ name, rounds }));
}

/** Whether --peers names it. */
export function isNamed({ name }: Candidate, { peers }: Pick<Options, 'peers'>): boolean {
  return peers.some((wanted) => wanted.toLowerCase() === name.toLowerCase());
}

/** Says what goes on, beside the output that one may want to keep. */
export function progress(text: string): void {
  process.stderr.write(`  ${text}\n`);
}

function choose<C extends Candidate>(
  candidates: readonly C[],
  options: Pick<Options, 'scenarios' | 'peers'>,
): { chosen: readonly C[]; notes: readonly string[] } {
  const { peers, scenarios } = options;
  const unknown = peers.find((wanted) => !candidates.some((one) => isNamed(one, { peers: [wanted] })));
  if (unknown !== undefined && scenarios.length === 1)
    throw new Error(`no such peer: ${unknown}; there are ${candidates.map(({ name }) => name).join(', ')}`);
  const isWanted = (one: C) => (peers.length === 0 ? !one.isOnlyNamed : isNamed(one, options));
  const missing = ({ programs = [] }: C) => programs.filter((name) => findProgram(name) === undefined);
  return {
    chosen: candidates.filter((one) => isWanted(one) && missing(one).length === 0),
    notes: candidates.flatMap((one) => {
      if (!isWanted(one)) return peers.length === 0 ? [`${one.name}: left out unless --peers names it.`] : [];
      const programs = missing(one);
      return programs.length === 0 ? [] : [`${one.name}: left out, for want of ${programs.join(' and ')}.`];
    }),
  };
}
