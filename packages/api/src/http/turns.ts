/** Work that one turn of the event loop may begin, in milliseconds, before everything else has its turn. */
const TURN_MS = 5;

/**
 * Divides what begins into turns of the event loop. Requests of many connections can come in one turn; each that finds
 * the turn used up waits for a later one, in the order of coming, so that sockets, timers and commits have theirs
 * between.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #startedMs = 0;
  #isOpen = false;

  constructor(readonly turnMs = TURN_MS) {}

  /** Undefined: now. Else resolves when it is time. */
  next(): Promise<void> | undefined {
    const nowMs = performance.now();
    if (!this.#isOpen) this.#open(nowMs);
    if (this.#waiting.length === 0 && nowMs - this.#startedMs < this.turnMs) return undefined;
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  #open(nowMs: number): void {
    this.#isOpen = true;
    this.#startedMs = nowMs;
    setImmediate(() => {
      this.#isOpen = false;
      const first = this.#waiting.shift();
      if (first === undefined) return;
      this.#open(performance.now());
      first();
    });
  }
}
