import type { Budget } from './budget.js';

/** What one connection keeps of one kind, counted at its owner, who may become another one. */
export class Kept {
  #bytes = 0;
  #countedFor = '';

  constructor(
    readonly budget: Budget,
    /** Whose it is. */
    readonly of: { readonly owner: string },
  ) {}

  /** Counts what is kept now. @returns false if there is no room for more; then what was counted before stays. */
  set(bytes: number): boolean {
    if (bytes === this.#bytes) return true;
    const { owner } = this.of;
    if (owner !== this.#countedFor) this.#moveTo(owner);
    const more = bytes - this.#bytes;
    if (more > 0 && !this.budget.hasRoom(owner, more)) return false;
    this.budget.change(owner, more);
    this.#bytes = bytes;
    return true;
  }

  #moveTo(owner: string): void {
    if (this.#bytes > 0) {
      this.budget.give(this.#countedFor, this.#bytes);
      this.budget.change(owner, this.#bytes);
    }
    this.#countedFor = owner;
  }
}
