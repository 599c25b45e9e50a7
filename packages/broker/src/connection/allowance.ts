/** What may be spent, bytes or time: so much in a millisecond, and no more than that of some milliseconds at once. */
export class Allowance {
  #left: number;
  #atMs: number | undefined;

  constructor(
    readonly perMs: number,
    readonly most: number,
  ) {
    this.#left = most;
  }

  get hasLeft(): boolean {
    return this.#left > 0;
  }

  /** May leave it overdrawn: what is spent more is missing afterwards. */
  spend(amount: number): void {
    this.#left -= amount;
  }

  /** Adds what has come in since the last call, or only a part of it. */
  fill(nowMs: number, part = 1): void {
    if (this.#atMs !== undefined)
      this.#left = Math.min(this.most, this.#left + (nowMs - this.#atMs) * this.perMs * part);
    this.#atMs = nowMs;
  }
}
