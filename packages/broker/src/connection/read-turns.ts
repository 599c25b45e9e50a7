import type { TapTurns } from '@humtemp/intake';

interface Waiting {
  takeTurn(): void;
}

/** Work of one turn of the event loop: about 10 ms, where an observation taken is 1. */
const WORK_OF_TURN = 10_000;
/** Bytes that may be unread before nobody reads more, until half of them are gone. */
const BYTES_MAX = 16 * 1024 * 1024;

/**
 * Shares the work of reading among connections. Each works on what it has read while there is work left in this turn of
 * the event loop; what is left waits for the next turns, in which connections follow each other.
 */
export class ReadTurns implements TapTurns {
  #left = WORK_OF_TURN;
  /** In the order in which they began to wait. */
  readonly #waiting = new Set<Waiting>();
  #bytes = 0;
  #isFull = false;
  #isScheduled = false;
  readonly #turn = () => this.#begin();

  /** @param onChange called when `isFull` has changed: all connections must look whether they may read. */
  constructor(readonly onChange: () => void) {}

  get hasLeft(): boolean {
    return this.#left > 0;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  spend(work: number): void {
    this.#left -= work;
    this.#schedule();
  }

  keep(bytes: number): void {
    this.#bytes += bytes;
    const isFull = this.#bytes >= (this.#isFull ? BYTES_MAX / 2 : BYTES_MAX);
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    // Not from within one of them.
    setImmediate(this.onChange);
  }

  wait(tap: Waiting): void {
    this.#waiting.add(tap);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#turn);
  }

  #begin(): void {
    this.#isScheduled = false;
    this.#left = WORK_OF_TURN;
    // Each at most once: who waits again stands behind the others.
    for (let count = this.#waiting.size; count > 0 && this.hasLeft; count--) {
      const [tap] = this.#waiting;
      this.#waiting.delete(tap!);
      tap!.takeTurn();
    }
    if (this.#waiting.size > 0) this.#schedule();
  }
}
