/** How long one look takes, how many looks there are at most, and what is a burst beside what comes later. */
const LOOK_MS = 2000;
const LOOKS_MAX = 30;
const FEW = 10;
const TIMES = 3;

/**
 * Notices what a broker has kept while nobody was there, if it is without timestamps: it counts at its receipt, all at once.
 *
 *     idle ──a session goes on──▶ looking ──much less comes than before──▶ warned, for good
 *                                    └──it never gets less, or was little──▶ idle
 */
export class BacklogWatch {
  #timer: NodeJS.Timeout | undefined;
  #hasWarned = false;

  constructor(
    /** Observations without a timestamp so far. */
    readonly count: () => number,
    readonly onBacklog: (observations: number) => void,
  ) {}

  /** The broker has a session of ours: whatever it kept comes now. */
  resumed(): void {
    if (this.#hasWarned || this.#timer !== undefined) return;
    this.#look(this.count(), 0, 0, 1);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #look(before: number, burst: number, largest: number, looks: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const now = this.count();
      const came = now - before;
      if (burst >= FEW && came * TIMES < largest) {
        this.#hasWarned = true;
        this.onBacklog(burst);
      } else if (looks < LOOKS_MAX && burst + came >= FEW)
        this.#look(now, burst + came, Math.max(largest, came), looks + 1);
    }, LOOK_MS).unref();
  }
}
