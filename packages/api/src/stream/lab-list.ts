import type { LabFilter } from '../access/lab-filter.js';

/** So few labs are read more often: somebody may be waiting for a first one. */
const FEW_LABS = 1000;
/** Less than the second between two turns of a stream. */
const FEW_KEPT_MS = 900;

/** Every lab that is known, read anew at most once in a while, whatever the number of those who ask. */
export class LabList {
  #labs: Promise<readonly string[]> | undefined;
  #readAtMs = 0;
  #isFew = true;

  /** @param read all labs in the order of their characters' codes. */
  constructor(
    readonly read: () => Promise<readonly string[]>,
    readonly keptMsMax: number,
  ) {}

  /** How long a list is not read again. */
  get keptMs(): number {
    return this.#isFew ? Math.min(FEW_KEPT_MS, this.keptMsMax) : this.keptMsMax;
  }

  async labs(): Promise<readonly string[]> {
    const nowMs = performance.now();
    if (this.#labs === undefined || nowMs - this.#readAtMs >= this.keptMs) {
      const labs = this.read();
      this.#labs = labs;
      this.#readAtMs = nowMs;
      labs.then(
        ({ length }) => {
          this.#isFew = length <= FEW_LABS;
        },
        () => {
          if (this.#labs === labs) this.#labs = undefined;
        },
      );
    }
    return this.#labs;
  }
}

/**
 * The labs that a filter means: its ids, known or not, and the known labs with its prefixes, as far as they are allowed.
 * @param known in the order of their characters' codes.
 * @returns at most one more than `max`.
 */
export function labsMeant(
  filter: LabFilter,
  known: readonly string[],
  allows: (lab: string) => boolean,
  max: number,
): ReadonlySet<string> {
  const meant = new Set<string>([...filter.ids].filter(allows));
  for (const prefix of filter.prefixes)
    for (let i = firstFrom(known, prefix); i < known.length && known[i]!.startsWith(prefix); i++) {
      if (meant.size > max) return meant;
      if (allows(known[i]!)) meant.add(known[i]!);
    }
  return meant;
}

/** Index of the first that is not before `text`. */
function firstFrom(sorted: readonly string[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
