import { IdentitySet } from './identity-set.js';

/** Identities of a second stand together: so many more than are asked for are read. */
const READ_AROUND = 60 * 2 ** 41;

/** The identities of one hour of a lab that came since it was last saved. */
export class HourIdentities {
  readonly added: number[] = [];
  /** For finding what comes out of order; made when something does. */
  #set: IdentitySet | undefined;
  /** Of those that are saved, the ones from #storedLow to #storedHigh, as of #storedVersion of the tables. */
  #stored: ReadonlySet<number> = new Set();
  #storedVersion = -1;
  #storedLow = 0;
  #storedHigh = 0;

  /** @param hour whole hours since 1970 @param count how many the hour has in all */
  constructor(
    readonly hour: number,
    /** When they may be forgotten, Unix seconds. */
    public expiryS: number,
    public count: number,
  ) {}

  get bytes(): number {
    return this.added.length * 10 + (this.#set?.bytes ?? 0) + this.#stored.size * 40;
  }

  /** Adds one that cannot be there yet. */
  add(identity: number): void {
    this.added.push(identity);
    this.#set?.add(identity);
    this.count += 1;
  }

  /** Adds one, unless it came since the lab was last saved. @returns whether it was added */
  addNew(identity: number): boolean {
    if (!this.#whole().add(identity)) return false;
    this.added.push(identity);
    this.count += 1;
    return true;
  }

  /** Whether it came since the lab was last saved. */
  has(identity: number): boolean {
    return this.#whole().has(identity);
  }

  #whole(): IdentitySet {
    if (this.#set === undefined) {
      this.#set = new IdentitySet(this.added.length);
      for (const one of this.added) this.#set.add(one);
    }
    return this.#set;
  }

  /** Makes isStored() right for identities from `low` to `high`. `read` copies those that are saved. @returns whether it was called */
  loadStored(
    version: number,
    low: number,
    high: number,
    read: (low: number, high: number) => readonly number[],
  ): boolean {
    const isCurrent = this.#storedVersion === version;
    if (isCurrent && low >= this.#storedLow && high <= this.#storedHigh) return false;
    const from = Math.min(low - READ_AROUND, isCurrent ? this.#storedLow : low);
    const to = Math.max(high + READ_AROUND, isCurrent ? this.#storedHigh : high);
    this.#stored = new Set(read(from, to));
    this.#storedVersion = version;
    this.#storedLow = from;
    this.#storedHigh = to;
    return true;
  }

  isStored(identity: number): boolean {
    return this.#stored.has(identity);
  }
}
