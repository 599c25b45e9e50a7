/** Differences below this come from the way of a message. */
const NOTICED_MS = 250;
const SAMPLES = 10;

/**
 * How far the service's clock is ahead of ours. What a message took only makes it seem behind, so of the newest
 * samples the largest is nearest.
 */
export class ClockOffset {
  aheadMs = 0;
  readonly #samples: number[] = [];

  /** Whether `aheadMs` has changed. */
  add(aheadMs: number): boolean {
    if (!Number.isFinite(aheadMs)) return false;
    this.#samples.push(aheadMs);
    if (this.#samples.length > SAMPLES) this.#samples.shift();
    const nearest = Math.max(...this.#samples);
    if (Math.abs(nearest - this.aheadMs) < NOTICED_MS) return false;
    this.aheadMs = nearest;
    return true;
  }
}
