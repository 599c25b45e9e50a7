import type { ChangeSource } from './change-source.js';

/**
 * The changes that this process itself commits: complete where no other process commits to the store.
 *
 *     commit ──mark(labs)──▶ labs changed since ──take(), once a second──▶ streams
 *
 * A mark costs a look-up per lab of the batch, and nothing while nobody watches.
 */
export class ChangeFeed implements ChangeSource {
  readonly #watched = new Set<string>();
  #changed = new Set<string>();

  /** To be called with the labs of a batch once it is in the store. Labs that only had duplicates may be among them. */
  mark(labs: Iterable<string>): void {
    if (this.#watched.size === 0) return;
    for (const lab of labs) if (this.#watched.has(lab)) this.#changed.add(lab);
  }

  async watch(labs: readonly string[]): Promise<void> {
    for (const lab of labs) this.#watched.add(lab);
  }

  unwatch(labs: readonly string[]): void {
    for (const lab of labs) this.#watched.delete(lab);
  }

  async take(): Promise<readonly string[]> {
    const changed = [...this.#changed];
    this.#changed = new Set();
    return changed;
  }
}
