import {
  type BucketGrid,
  type BucketStore,
  bucketStartAtOffsetS,
  primaryResolution,
} from '@humtemp/bucket-core';
import { aggregatesByLab } from '../summary/aggregates-by-lab.js';
import type { ChangeSource } from './change-source.js';

/** Watched labs looked at in one call: about as much work for Redis as to ask for their newest buckets. */
const LABS_AT_ONCE = 1000;

export interface LateChangesOptions {
  readonly changes: ChangeSource;
  readonly store: Pick<BucketStore, 'buckets'>;
  readonly grid: BucketGrid;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

/** What a lab's current bucket was. */
interface Seen {
  readonly startS: number;
  readonly observations: number;
}

/**
 * The changes of a source that looks at the newest bucket of the longest-lived resolution, and those that it misses: an
 * observation too late for that bucket, but not for the current one of the primary resolution, which is looked at too.
 * Of more than 1,000 watched labs each call looks at the next 1,000.
 */
export class LateChanges implements ChangeSource {
  /** Of each watched lab; undefined until it is read for the first time. */
  readonly #seen = new Map<string, Seen | undefined>();
  /** Watched labs that this round has not come to yet. */
  #toLookAt: string[] = [];
  #changed = new Set<string>();

  constructor(readonly options: LateChangesOptions) {}

  async watch(labs: readonly string[]): Promise<void> {
    const unread = labs.filter((lab) => this.#seen.get(lab) === undefined);
    for (const lab of unread) this.#seen.set(lab, undefined);
    await this.options.changes.watch(labs);
    for (const [lab, seen] of await this.#current(unread))
      if (this.#seen.has(lab) && this.#seen.get(lab) === undefined) this.#seen.set(lab, seen);
  }

  unwatch(labs: readonly string[]): void {
    for (const lab of labs) this.#seen.delete(lab);
    this.options.changes.unwatch(labs);
  }

  async take(): Promise<readonly string[]> {
    await this.#look();
    for (const lab of await this.options.changes.take()) this.#changed.add(lab);
    const changed = [...this.#changed];
    this.#changed = new Set();
    return changed;
  }

  async #look(): Promise<void> {
    if (this.#toLookAt.length === 0) this.#toLookAt = [...this.#seen.keys()];
    for (const [lab, seen] of await this.#current(this.#toLookAt.splice(0, LABS_AT_ONCE))) {
      if (!this.#seen.has(lab)) continue;
      const before = this.#seen.get(lab);
      this.#seen.set(lab, seen);
      // The end of a bucket is no change.
      const isOther = before?.startS === seen.startS && before.observations !== seen.observations;
      if (before === undefined || isOther) this.#changed.add(lab);
    }
  }

  async #current(labs: readonly string[]): Promise<readonly (readonly [lab: string, seen: Seen])[]> {
    const { store, grid, clock } = this.options;
    const nowMs = clock();
    const resolution = primaryResolution(grid);
    const startS = bucketStartAtOffsetS(nowMs, 0, resolution, grid.alignmentS);
    const current = await aggregatesByLab(store.buckets(labs, resolution, startS, nowMs, false));
    return labs.map((lab) => [lab, { startS, observations: current.get(lab)?.observations ?? 0 }]);
  }
}
