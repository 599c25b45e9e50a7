import { setImmediate as nextTurn } from 'node:timers/promises';

/** Work in the background stops after so long, so that commits and readers have their turn. */
const TURN_MS = 2;

/** Divides long work into turns. */
export class Turns {
  #endsMs = performance.now() + TURN_MS;

  /** Whether this turn has taken its time. */
  get isDue(): boolean {
    return performance.now() >= this.#endsMs;
  }

  /** Everything else has its turn first. */
  async next(): Promise<void> {
    await nextTurn();
    this.#endsMs = performance.now() + TURN_MS;
  }
}
