import type { BucketGrid } from '@humtemp/bucket-core';

/** Labs remembered at most; beyond, all is forgotten and learned anew. */
const LABS_MAX = 200_000;

/**
 * What this process knows to be in the lab index already: for each lab, the last bucket start of each resolution that
 * it wrote. Only a memory: forgetting it costs a command, never an entry. It is cleared whenever the connection is
 * lost, because the server behind it may come back without the entries.
 */
export class IndexCache {
  readonly #startsByLab = new Map<string, (number | undefined)[]>();
  readonly #expiringKeys = new Set<string>();
  readonly #resolutions: number;

  constructor(grid: BucketGrid) {
    this.#resolutions = grid.resolutions.length;
  }

  knowsLab(lab: string): boolean {
    return this.#startsByLab.has(lab);
  }

  has(lab: string, resolution: number, startS: number): boolean {
    return this.#startsByLab.get(lab)?.[resolution] === startS;
  }

  add(lab: string, resolution: number, startS: number): void {
    let starts = this.#startsByLab.get(lab);
    if (starts === undefined) {
      if (this.#startsByLab.size >= LABS_MAX) this.#startsByLab.clear();
      starts = new Array(this.#resolutions).fill(undefined);
      this.#startsByLab.set(lab, starts);
    }
    starts[resolution] = startS;
  }

  /** Learns the lab anew. */
  forgetLab(lab: string): void {
    this.#startsByLab.delete(lab);
  }

  /** Whether an index key still needs its expiry from this process; true once for each key. */
  needsExpiry(key: string): boolean {
    if (this.#expiringKeys.has(key)) return false;
    if (this.#expiringKeys.size >= LABS_MAX) this.#expiringKeys.clear();
    this.#expiringKeys.add(key);
    return true;
  }

  clear(): void {
    this.#startsByLab.clear();
    this.#expiringKeys.clear();
  }
}
