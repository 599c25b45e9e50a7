const EMPTY = -1;
const CAPACITY_MIN = 16;
/** Share of a table that is in use when it grows, from and to. */
const FULL = [0.4, 0.6] as const;

/**
 * Identities of one lab and hour: an open-addressing table of doubles, 13 to 40 bytes for each identity and no object.
 * Each table is full at a point of its own: those of labs that are heard equally often would all grow at the same moment,
 * and nothing else would get done meanwhile.
 */
export class IdentitySet {
  readonly #full = FULL[0] + Math.random() * (FULL[1] - FULL[0]);
  #table: Float64Array;
  #count = 0;

  constructor(expected = 0) {
    this.#table = new Float64Array(this.#capacityFor(expected, CAPACITY_MIN)).fill(EMPTY);
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#table.byteLength;
  }

  /** Adds an identity; false if it was there. */
  add(identity: number): boolean {
    const table = this.#table;
    const mask = table.length - 1;
    let slot = hashOf(identity) & mask;
    for (let held = table[slot]!; held !== EMPTY; held = table[slot]!) {
      if (held === identity) return false;
      slot = (slot + 1) & mask;
    }
    table[slot] = identity;
    this.#count += 1;
    if (this.#count > table.length * this.#full) this.#resize(table.length * 2);
    return true;
  }

  has(identity: number): boolean {
    const table = this.#table;
    const mask = table.length - 1;
    let slot = hashOf(identity) & mask;
    for (let held = table[slot]!; held !== EMPTY; held = table[slot]!) {
      if (held === identity) return true;
      slot = (slot + 1) & mask;
    }
    return false;
  }

  #capacityFor(count: number, atLeast: number): number {
    let capacity = atLeast;
    while (count > capacity * this.#full) capacity *= 2;
    return capacity;
  }

  #resize(capacity: number): void {
    const old = this.#table;
    this.#table = new Float64Array(capacity).fill(EMPTY);
    this.#count = 0;
    for (const identity of old) if (identity !== EMPTY) this.add(identity);
  }
}

/** From all of it: where values stay the same for long, only the second, in the upper bits, tells identities apart. */
function hashOf(identity: number): number {
  const mixed = Math.imul((identity / 2 ** 32) ^ identity, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
