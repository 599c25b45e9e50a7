import { progress } from '../by-turns.js';

export interface Candidate {
  readonly name: string;
}

export interface InTurns<T> {
  /** Candidates with at least one round that went well. */
  readonly turns: readonly { readonly peer: string; readonly rounds: readonly T[] }[];
  readonly failures: readonly string[];
}

/**
 * Measures by turns, as `byTurns` does, what is no broker.
 * @param wanted names, in upper or lower case; none of them a candidate's: all candidates
 */
export async function inTurns<C extends Candidate, T>(
  candidates: readonly C[],
  rounds: number,
  wanted: readonly string[],
  measure: (candidate: C) => Promise<T>,
  describe: (measured: T) => string,
): Promise<InTurns<T>> {
  const names = wanted.map((name) => name.toLowerCase());
  const named = candidates.filter(({ name }) => names.includes(name.toLowerCase()));
  const chosen = named.length > 0 ? named : candidates;
  const measured = new Map<C, T[]>(chosen.map((candidate) => [candidate, []]));
  const failures: string[] = [];
  for (let round = 1; round <= rounds; round++)
    for (const candidate of chosen) {
      const which = `round ${round} of ${rounds}: ${candidate.name}`;
      try {
        const result = await measure(candidate);
        measured.get(candidate)!.push(result);
        progress(`${which}: ${describe(result)}`);
      } catch (error) {
        failures.push(`${candidate.name}, round ${round}: ${error instanceof Error ? error.message : error}`);
        progress(failures.at(-1)!);
      }
    }
  const turns = [...measured].map(([{ name }, rounds]) => ({ peer: name, rounds }));
  return { turns: turns.filter(({ rounds }) => rounds.length > 0), failures };
}
