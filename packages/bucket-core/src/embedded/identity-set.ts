const EMPTY = -1;
const CAPACITY_MIN = 16;

/**
 * Identities of one lab and hour: an open-addressing table of doubles, 16 to 32 bytes for each identity and no object.
 */
export class IdentitySet {
  /** When they may be forgotten, Unix seconds. */
  expiryS: number;
  #table: Float64Array;
  #count = 0;

  constructor(expiryS: number, expected = 0) {
    this.expiryS = expiryS;
    let capacity = CAPACITY_MIN;
    while (capacity < expected * 2) capacity *= 2;
    this.#table = new Float64Array(capacity).fill(EMPTY);
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#table.byteLength;
  }

  /** Makes room for so many more at once. */
  reserve(more: number): void {
    let capacity = this.#table.length;
    while (capacity < (this.#count + more) * 2) capacity *= 2;
    if (capacity > this.#table.length) this.#resize(capacity);
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
    if (this.#count * 2 > table.length) this.#resize(table.length * 2);
    return true;
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
