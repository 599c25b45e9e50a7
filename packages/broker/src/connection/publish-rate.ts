/**
 * A number of publishes per second. A second's worth may come at once; more than that has to be made up for by a pause.
 */
export class PublishRate {
  #left: number;

  constructor(
    readonly perSecond: number,
    private atMs: number,
  ) {
    this.#left = perSecond;
  }

  /** Counts publishes that came. @returns how long to pause, in milliseconds; 0: not at all. */
  spend(publishes: number, nowMs: number): number {
    const earned = ((nowMs - this.atMs) / 1000) * this.perSecond;
    this.#left = Math.min(this.perSecond, this.#left + earned) - publishes;
    this.atMs = nowMs;
    return this.#left < 0 ? Math.ceil((-this.#left / this.perSecond) * 1000) : 0;
  }
}
