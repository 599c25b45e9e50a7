import { ProblemError } from './problem.js';

/** Bounds how many answers that read much of the store are under way at once. */
export class BusyLimit {
  #busy = 0;

  constructor(readonly max: number) {}

  /**
   * Takes a place. @returns what gives it back; further calls of it do nothing.
   * @throws ProblemError with status 429 when all are taken.
   */
  enter(): () => void {
    if (this.#busy >= this.max)
      throw new ProblemError({
        type: '/problems/too-many-requests',
        status: 429,
        detail: `${this.max} answers of this kind are under way; try again later`,
        retryAfterS: 1,
      });
    this.#busy += 1;
    let isInside = true;
    return () => {
      if (isInside) this.#busy -= 1;
      isInside = false;
    };
  }
}
