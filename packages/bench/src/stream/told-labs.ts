import type { LatencyHistogram } from '../measuring/latency-histogram.js';
import type { Changes } from './sse-client.js';

/** What clients of one process were told in each turn, held against each other. */
export class ToldLabs {
  /** By turn: what each lab that had changed was then. */
  readonly #turns = new Map<number, Map<number, number>>();
  /** What two clients were told differently of the same lab and turn. */
  differences = 0;

  note(turn: number, lab: number, observations: number): void {
    const told = this.#turns.get(turn) ?? new Map<number, number>();
    this.#turns.set(turn, told);
    const before = told.get(lab);
    if (before === undefined) told.set(lab, observations);
    else if (before !== observations) this.differences += 1;
  }

  changedIn(turn: number): Iterable<number> {
    return this.#turns.get(turn)?.keys() ?? [];
  }
}

export interface Followed {
  /** Events of changes. */
  readonly events: number;
  /** Labs that others were told of in a turn, and this one was not, though it was told of others. */
  readonly missed: number;
  /** Turns that it was told nothing of by themselves: it had not read. */
  readonly skippedTurns: number;
  /** How often a lab had fewer observations than before. */
  readonly wentBack: number;
}

/** What one client follows: its labs as it was told of them. */
export class WatchedLabs {
  readonly observations = new Map<number, number>();
  readonly #toldMs = new Map<number, number>();
  readonly #turns = new Map<number, ReadonlySet<number>>();
  #lastTurn: number | undefined;
  #wentBack = 0;

  /** @param gaps times between two updates of a lab. */
  constructor(
    readonly labs: readonly number[],
    readonly told: ToldLabs,
    readonly gaps: LatencyHistogram,
  ) {}

  take({ name, turn, labs }: Changes, nowMs: number, isMeasured: boolean): void {
    for (const [lab, observations] of labs) {
      if (observations < (this.observations.get(lab) ?? 0)) this.#wentBack += 1;
      this.observations.set(lab, observations);
      const beforeMs = this.#toldMs.get(lab);
      if (isMeasured && beforeMs !== undefined) this.gaps.record(nowMs - beforeMs, 1);
      this.#toldMs.set(lab, nowMs);
    }
    if (name === 'changes') {
      // Otherwise it is also told of labs that have changed in the turns between.
      if (this.#lastTurn === turn - 1)
        for (const [lab, observations] of labs) this.told.note(turn, lab, observations);
      this.#turns.set(turn, new Set(labs.keys()));
    }
    this.#lastTurn = turn;
  }

  followed(): Followed {
    const [first, last] = [Math.min(...this.#turns.keys()), Math.max(...this.#turns.keys())];
    let [missed, skippedTurns] = [0, 0];
    for (let turn = first; turn <= last; turn++) {
      const changed = [...this.told.changedIn(turn)].filter((lab) => this.labs.includes(lab));
      const seen = this.#turns.get(turn);
      if (seen === undefined) skippedTurns += changed.length > 0 ? 1 : 0;
      else missed += changed.filter((lab) => !seen.has(lab)).length;
    }
    return { events: this.#turns.size, missed, skippedTurns, wentBack: this.#wentBack };
  }
}
