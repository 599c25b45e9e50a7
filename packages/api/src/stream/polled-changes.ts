import { type BucketStore, type LabBucket, lastMs } from '@humtemp/bucket-core';
import type { ChangeSource } from './change-source.js';

/** Labs asked for at a time: a store with many clients is not held up. */
const LABS_AT_ONCE = 1000;

export interface PolledChangesOptions {
  readonly store: Pick<BucketStore, 'latest'>;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

/**
 * Changes that any process has committed, found by comparing the newest bucket of each watched lab with what it was.
 * An observation that comes later than by a whole bucket of the longest-lived resolution is not among them.
 */
export class PolledChanges implements ChangeSource {
  readonly missesLate = true;
  /** What the newest bucket of each watched lab was; undefined until that is read for the first time. */
  readonly #seen = new Map<string, string | undefined>();
  #changed = new Set<string>();

  constructor(readonly options: PolledChangesOptions) {}

  async watch(labs: readonly string[]): Promise<void> {
    const unread = labs.filter((lab) => this.#seen.get(lab) === undefined);
    for (const lab of unread) this.#seen.set(lab, undefined);
    for await (const [lab, state] of this.#states(unread))
      if (this.#seen.has(lab) && this.#seen.get(lab) === undefined) this.#seen.set(lab, state);
  }

  unwatch(labs: readonly string[]): void {
    for (const lab of labs) this.#seen.delete(lab);
  }

  async take(): Promise<readonly string[]> {
    for await (const [lab, state] of this.#states([...this.#seen.keys()])) {
      if (!this.#seen.has(lab) || this.#seen.get(lab) === state) continue;
      this.#seen.set(lab, state);
      this.#changed.add(lab);
    }
    const changed = [...this.#changed];
    this.#changed = new Set();
    return changed;
  }

  async *#states(labs: readonly string[]): AsyncGenerator<readonly [lab: string, state: string]> {
    const { store, clock } = this.options;
    for (let i = 0; i < labs.length; i += LABS_AT_ONCE) {
      const some = labs.slice(i, i + LABS_AT_ONCE);
      const newest = await store.latest(some, clock());
      for (const [k, lab] of some.entries()) yield [lab, stateOf(newest[k])];
    }
  }
}

/** Another text after every commit to this bucket: each counts at least one observation. */
function stateOf(bucket: LabBucket | undefined): string {
  if (bucket === undefined) return '';
  const { startS, aggregate } = bucket;
  return `${startS} ${aggregate.observations} ${lastMs(aggregate)}`;
}
