import type { TapTurns } from '@humtemp/intake';

interface Waiting {
  takeTurn(): void;
}

/** Work of one turn of the event loop: about 10 ms, where an observation taken is 1. */
const WORK_OF_TURN = 10_000;
/** Work of a frame that passes: what it is taken for at the least, and at the most. */
const WORK_OF_PASSING = { min: 200, max: 2500 };
/** A turn in which frames passed should not be longer, and may be longer if it is shorter than the other. */
const TURN_MS = { max: 4, short: 2 };
/** Bytes that may be unread before nobody reads more, until half of them are gone. */
const BYTES_MAX = 16 * 1024 * 1024;

/**
 * Shares the work of reading among connections. Each works on what it has read while there is work left in this turn of
 * the event loop; what is left waits for the next turns, in which connections follow each other.
 *
 * What a frame costs that passes is only seen when the turn is over: a ping costs microseconds, a subscription to ten filters
 * of a hundred levels a thousand times as much. So it is taken for more while turns are long, and for less while they are short.
 */
export class ReadTurns implements TapTurns {
  #left = WORK_OF_TURN;
  #workOfPassing = WORK_OF_PASSING.min;
  #hasPassed = false;
  /** When the turn began, if the next one follows it at once. */
  #beganMs: number | undefined;
  /** In the order in which they began to wait. */
  readonly #waiting = new Set<Waiting>();
  #bytes = 0;
  #isFull = false;
  #isScheduled = false;
  readonly #turn = () => this.#begin();

  #receivedMs = Number.NaN;

  /**
   * @param onChange called when `isFull` has changed: all connections must look whether they may read.
   * @param unixMs the clock that receipts go by. @param nowMs one for durations.
   */
  constructor(
    readonly onChange: () => void,
    readonly unixMs: () => number = Date.now,
    readonly nowMs: () => number = () => performance.now(),
  ) {}

  get receivedMs(): number {
    if (!this.#isScheduled) {
      this.#receivedMs = this.unixMs();
      this.#schedule();
    }
    return this.#receivedMs;
  }

  get hasLeft(): boolean {
    return this.#left > 0;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  spend(work: number, passed: number): void {
    this.#left -= work + passed * this.#workOfPassing;
    if (passed > 0) this.#hasPassed = true;
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
    const nowMs = this.nowMs();
    if (this.#hasPassed && this.#beganMs !== undefined) this.#learn(nowMs - this.#beganMs);
    this.#hasPassed = false;
    this.#left = WORK_OF_TURN;
    // Each at most once: who waits again stands behind the others.
    for (let count = this.#waiting.size; count > 0 && this.hasLeft; count--) {
      const [tap] = this.#waiting;
      this.#waiting.delete(tap!);
      tap!.takeTurn();
    }
    this.#beganMs = this.#waiting.size > 0 ? nowMs : undefined;
    if (this.#waiting.size > 0) this.#schedule();
  }

  #learn(turnMs: number): void {
    const { min, max } = WORK_OF_PASSING;
    if (turnMs > TURN_MS.max)
      this.#workOfPassing = Math.min(max, (this.#workOfPassing * turnMs) / TURN_MS.max);
    else if (turnMs < TURN_MS.short) this.#workOfPassing = Math.max(min, this.#workOfPassing / 2);
  }
}
