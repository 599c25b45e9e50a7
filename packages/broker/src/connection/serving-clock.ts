/** More than this between two looks: the process stood still. */
const STEP_MS_MAX = 1000;

/**
 * Counts the milliseconds in which the process served its clients. Whoever is late by this clock is late by its own
 * fault: while the process stood still, it could not hear anybody, and the clock stood still with it.
 */
export class ServingClock {
  #servedMs = 0;
  #lastMs: number;

  constructor(readonly nowMs: () => number = () => performance.now()) {
    this.#lastMs = nowMs();
  }

  /** As of the last look. */
  get servedMs(): number {
    return this.#servedMs;
  }

  /** Moves the clock on. To be called at least twice a second. */
  look(): void {
    const nowMs = this.nowMs();
    // Whole milliseconds, which connections remember without an object of their own.
    this.#servedMs += Math.round(Math.min(nowMs - this.#lastMs, STEP_MS_MAX));
    this.#lastMs = nowMs;
  }
}
