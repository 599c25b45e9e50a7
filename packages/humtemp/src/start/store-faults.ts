import type { StoreFault } from '@humtemp/bucket-core';

/** Labs of the newest faults that are kept, to say in an answer which it leaves out. */
const LABS_KEPT = 1000;

/** The stored values that this process could not read. */
export class StoreFaults {
  #count = 0;
  readonly #labs: (string | undefined)[] = [];

  /** How many there were since the start. */
  get count(): number {
    return this.#count;
  }

  note({ lab }: StoreFault): void {
    this.#labs[this.#count % LABS_KEPT] = lab;
    this.#count += 1;
  }

  /** The labs of those behind the first `count`, as far as they are still known. */
  labsSince(count: number): readonly string[] {
    const labs: string[] = [];
    for (let i = Math.max(count, this.#count - LABS_KEPT); i < this.#count; i++) {
      const lab = this.#labs[i % LABS_KEPT];
      if (lab !== undefined) labs.push(lab);
    }
    return labs;
  }
}
