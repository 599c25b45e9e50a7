/** Counts connections of all listeners, in all and per address, and says when there are too many. */
export class ConnectionGate {
  #count = 0;
  readonly #byAddress = new Map<string, number>();

  constructor(
    readonly max: number,
    readonly perAddressMax: number,
  ) {}

  /** Lets a connection in, or says why not. Who was let in must leave. */
  enter(address: string): string | undefined {
    if (this.#count >= this.max) return `more than ${this.max} connections`;
    const count = this.#byAddress.get(address) ?? 0;
    if (count >= this.perAddressMax) return `more than ${this.perAddressMax} connections from this address`;
    this.#count += 1;
    this.#byAddress.set(address, count + 1);
    return undefined;
  }

  leave(address: string): void {
    this.#count -= 1;
    const count = this.#byAddress.get(address)! - 1;
    if (count === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, count);
  }
}
