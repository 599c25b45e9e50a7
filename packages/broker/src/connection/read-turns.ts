import type { TapTurns } from '@humtemp/intake';

interface Waiting {
  takeTurn(): void;
}

/** How long those may work in a turn of the event loop that send more than a sensor does, and those whose frames pass. */
const TURN_MS = { taking: 4, passing: 0.5 };
/** How often somebody's turn may come in one turn of the event loop, as long as there is time. */
const SERVED_MAX = 32;
/** Bytes that may be unread before those who send much read no more, until half of them are gone. */
const BYTES_MAX = 16 * 1024 * 1024;

/**
 * Shares the time of reading among connections. Each works on what it has read while there is time left in this turn of
 * the event loop; what is left waits for the next turns, in which connections follow each other.
 *
 * What a frame costs that passes is not known: a ping takes microseconds, a subscription to ten filters of a hundred levels a
 * thousand times as much, and most of it is done when the call has returned that has passed it. So each is served by a
 * callback of its own, behind which the clock has seen all that it cost.
 */
export class ReadTurns implements TapTurns {
  /** When somebody began to work in this turn. */
  #beganMs: number | undefined;
  /** In the order in which they began to wait. */
  readonly #waiting = new Set<Waiting>();
  #bytes = 0;
  #isFull = false;
  #isScheduled = false;
  readonly #turn = () => this.#begin();
  readonly #next = () => this.#serve();
  /** Not a number until somebody asks for it in this turn. */
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
    if (Number.isNaN(this.#receivedMs)) {
      this.#receivedMs = this.unixMs();
      this.#schedule();
    }
    return this.#receivedMs;
  }

  get hasLeft(): boolean {
    return this.#spentMs < TURN_MS.taking;
  }

  get hasLeftToPass(): boolean {
    return this.#spentMs < TURN_MS.passing;
  }

  get isFull(): boolean {
    return this.#isFull;
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

  get #spentMs(): number {
    const nowMs = this.nowMs();
    if (this.#beganMs === undefined) {
      this.#beganMs = nowMs;
      this.#schedule();
    }
    return nowMs - this.#beganMs;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#turn);
  }

  #begin(): void {
    this.#isScheduled = false;
    this.#beganMs = undefined;
    this.#receivedMs = Number.NaN;
    if (this.#waiting.size === 0) return;
    this.#serve();
    // These come in the next turn, behind the one that begins it.
    this.#schedule();
    for (let i = 0; i < SERVED_MAX; i++) setImmediate(this.#next);
  }

  #serve(): void {
    if (this.#waiting.size === 0 || !this.hasLeftToPass) return;
    const [tap] = this.#waiting;
    this.#waiting.delete(tap!);
    tap!.takeTurn();
  }
}
