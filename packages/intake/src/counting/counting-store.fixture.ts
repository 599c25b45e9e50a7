import { type Batch, type BucketStore, type CommitResult, emptyCommitResult } from '@humtemp/bucket-core';

/** A store that only counts, whose commits can be held back: for what stands in front of a store. */
export class CountingStore {
  readonly batches: Batch[] = [];
  observations = 0;
  #held: (() => void)[] | undefined;

  /** Lets no commit return until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  /** As a store, for an Intake that will never ask it anything but to commit. */
  get asStore(): BucketStore {
    return { commit: (batch: Batch) => this.#commit(batch) } as unknown as BucketStore;
  }

  async #commit(batch: Batch): Promise<CommitResult> {
    if (this.#held !== undefined) await new Promise<void>((resolve) => this.#held?.push(resolve));
    this.batches.push(batch);
    this.observations += batch.observations;
    return { ...emptyCommitResult(), committed: batch.observations };
  }
}
