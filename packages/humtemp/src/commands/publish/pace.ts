/** How much a pace may make up for after it was held up. */
const CATCH_UP_MS_MAX = 100;

/**
 * An even rate. After being held up (a slow broker, a late timer) it makes up for a tenth of a second at
 * most.
 */
export class Pace {
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(readonly ratePerS: number) {}

  /** How long to wait before the next; 0 or less: it is due. */
  waitMs(nowMs: number): number {
    return this.#nextMs - nowMs;
  }

  /** One was sent. */
  step(nowMs: number): void {
    const intervalMs = 1000 / this.ratePerS;
    // The first one sets the clock: there is nothing before it to make up for.
    const fromMs =
      this.#nextMs === Number.NEGATIVE_INFINITY ? nowMs : Math.max(this.#nextMs, nowMs - CATCH_UP_MS_MAX);
    this.#nextMs = fromMs + intervalMs;
  }
}
