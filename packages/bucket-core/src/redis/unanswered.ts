import { ROW_LENGTH } from '../store/batch.js';
import type { CommitResult } from '../store/commit-result.js';
import { type CommitCall, countedOf, type Part } from './commit-call.js';
import type { RedisLink } from './redis-link.js';

/** What became of a row whose commit had no answer at first: once for each time it was in it. */
interface Fate {
  committed: number;
  duplicate: number;
  suspended: number;
}

/**
 * Calls whose answer was lost, or which are not known to be safe, and what became of their rows. Redis is asked whether such a
 * call was done. If so, its rows come again with the next commit and have the fate that they had: they are not duplicates of themselves. If not, it is never done.
 */
export class Unanswered {
  readonly #calls = new Map<CommitCall, RedisLink>();
  readonly #fates = new Map<string, Fate>();

  /** The calls, and the server that each was sent to. */
  get calls(): ReadonlyMap<CommitCall, RedisLink> {
    return this.#calls;
  }

  add(call: CommitCall, link: RedisLink): void {
    this.#calls.set(call, link);
  }

  /** Forgets a call: its rows come again like any others. */
  giveUp(call: CommitCall): void {
    this.#calls.delete(call);
  }

  /** The answer to what became of a call. */
  answered(call: CommitCall, answers: readonly (number | Buffer)[]): void {
    if (!this.#calls.delete(call)) return;
    call.parts.forEach((part, i) => {
      const answer = answers[i];
      if (typeof answer === 'number' && answer >= 0) this.#settle(part, countedOf(answer));
    });
    // A call with parts and without answers was not done.
    if (answers.length > 0 || call.parts.length === 0) for (const part of call.counted) this.#settle(part, 0);
  }

  /**
   * Takes rows out whose fate is known, and counts them.
   * @returns the others.
   */
  withoutKnown(lab: string, rows: readonly number[], result: CommitResult): readonly number[] {
    if (this.#fates.size === 0) return rows;
    const unknown: number[] = [];
    for (let i = 0; i < rows.length; i += ROW_LENGTH) {
      const name = nameOf(lab, rows, i);
      const fate = this.#fates.get(name);
      if (fate === undefined) {
        unknown.push(rows[i]!, rows[i + 1]!, rows[i + 2]!, rows[i + 3]!);
        continue;
      }
      if (fate.committed > 0) {
        fate.committed -= 1;
        result.committed += 1;
        if (fate.suspended > 0) {
          fate.suspended -= 1;
          result.suspended += 1;
        }
      } else {
        fate.duplicate -= 1;
        result.duplicate += 1;
      }
      if (fate.committed + fate.duplicate === 0) this.#fates.delete(name);
    }
    return unknown;
  }

  /** Which of a part's rows were the duplicates, nobody knows; how many is what counts. */
  #settle(part: Part, counted: number): void {
    const { state, rows, dropped, suspended } = part;
    for (let i = 0; i < rows.length; i += ROW_LENGTH) {
      const fate = this.#fateOf(nameOf(state.lab, rows, i));
      if (i / ROW_LENGTH < counted) fate.committed += 1;
      else fate.duplicate += 1;
      if (i / ROW_LENGTH < Math.min(counted, suspended)) fate.suspended += 1;
    }
    for (let i = 0; i < dropped.length; i += ROW_LENGTH)
      this.#fateOf(nameOf(state.lab, dropped, i)).duplicate += 1;
  }

  #fateOf(name: string): Fate {
    let fate = this.#fates.get(name);
    if (fate === undefined) {
      fate = { committed: 0, duplicate: 0, suspended: 0 };
      this.#fates.set(name, fate);
    }
    return fate;
  }
}

function nameOf(lab: string, rows: readonly number[], i: number): string {
  return `${lab} ${rows[i]} ${rows[i + 1]} ${rows[i + 2]} ${rows[i + 3]}`;
}
