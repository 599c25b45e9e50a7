/**
 * Memory for things of one kind, counted as what they cost, in all and for each owner: an account, or the address of
 * clients without one.
 */
export class Budget {
  #used = 0;
  readonly #byOwner = new Map<string, number>();

  constructor(
    readonly bytesMax: number,
    readonly bytesMaxOfOne: number,
  ) {}

  get used(): number {
    return this.#used;
  }

  hasRoom(owner: string, bytes: number): boolean {
    return (
      this.#used + bytes <= this.bytesMax && (this.#byOwner.get(owner) ?? 0) + bytes <= this.bytesMaxOfOne
    );
  }

  /** @returns false if there is no room; then nothing is taken. */
  take(owner: string, bytes: number): boolean {
    if (!this.hasRoom(owner, bytes)) return false;
    this.change(owner, bytes);
    return true;
  }

  give(owner: string, bytes: number): void {
    this.change(owner, -bytes);
  }

  /** Counts what is there already, or is gone, whether there is room or not. */
  change(owner: string, bytes: number): void {
    const own = (this.#byOwner.get(owner) ?? 0) + bytes;
    if (own === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, own);
    this.#used += bytes;
  }
}
