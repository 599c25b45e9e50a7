/** Labs of a partition, as its index had them. */
interface Known {
  readonly labs: readonly string[];
  /** The lowest time that the index had of one of them, Unix seconds. */
  readonly lowestS: number;
  readonly readMs: number;
}

/** Labs remembered at most, of all partitions. */
const LABS_MAX = 250_000;
/** How long they are remembered: bounds for how long it matters if somebody changes an index by hand. */
const KEPT_MS = 60_000;
/** How far clocks of processes may be apart. */
const APART_S = 3600;

/**
 * The labs of partitions as they were read last, so that readers need not be sent all names each time. They are all there are
 * now if the index still has as many, and none can have been removed meanwhile: only labs that are no more are (sweep.lua), and
 * their times are old. Of partitions with such times nothing is remembered.
 */
export class KnownLabs {
  readonly #of = new Map<number, Known>();
  #count = 0;
  #inOrder: readonly string[] | undefined;

  constructor(readonly clockMs: () => number = () => performance.now()) {}

  /**
   * @param oldestKeptS labs that the index has from before this time, Unix seconds, are no more
   * @returns undefined: they have to be read
   */
  of(partition: number, oldestKeptS: number): readonly string[] | undefined {
    const known = this.#of.get(partition);
    if (known === undefined) return undefined;
    if (isSafe(known.lowestS, oldestKeptS) && this.clockMs() - known.readMs <= KEPT_MS) return known.labs;
    this.forget(partition);
    return undefined;
  }

  /** Whether the labs of all of these partitions are known. */
  hasAll(partitions: readonly number[], oldestKeptS: number): boolean {
    return partitions.every((partition) => this.of(partition, oldestKeptS) !== undefined);
  }

  /** Of all known labs, the first few after one in the order of names. */
  namesAfter(after: string, limit: number): string[] {
    this.#inOrder ??= [...this.#of.values()].flatMap(({ labs }) => labs).sort();
    const names = this.#inOrder;
    let [low, high] = [0, names.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (names[middle]! > after) high = middle;
      else low = middle + 1;
    }
    return names.slice(low, low + limit);
  }

  /** @param lowestS undefined: there are others that were not read */
  remember(
    partition: number,
    labs: readonly string[],
    lowestS: number | undefined,
    oldestKeptS: number,
  ): void {
    this.forget(partition);
    if (lowestS === undefined || !isSafe(lowestS, oldestKeptS) || this.#count + labs.length > LABS_MAX)
      return;
    this.#inOrder = undefined;
    this.#of.set(partition, { labs, lowestS, readMs: this.clockMs() });
    this.#count += labs.length;
  }

  forget(partition: number): void {
    const known = this.#of.get(partition);
    if (known === undefined) return;
    this.#inOrder = undefined;
    this.#count -= known.labs.length;
    this.#of.delete(partition);
  }
}

function isSafe(lowestS: number, oldestKeptS: number): boolean {
  return lowestS >= oldestKeptS + APART_S + KEPT_MS / 1000;
}
