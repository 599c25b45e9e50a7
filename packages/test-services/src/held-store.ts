/** Lets the commits of a store be held back, whose `commit` it replaces. */
export class HeldStore<Store extends { commit(...batch: never[]): Promise<unknown> }> {
  #held: (() => void)[] | undefined;

  constructor(readonly store: Store) {
    const commit = store.commit.bind(store);
    Object.assign(store, {
      commit: async (...batch: never[]) => {
        if (this.#held !== undefined) await new Promise<void>((resolve) => this.#held?.push(resolve));
        return commit(...batch);
      },
    });
  }

  /** No commit begins until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }
}
