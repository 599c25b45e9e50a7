import {
  type Aggregate,
  type BucketGrid,
  bucketStartS,
  copyAggregate,
  emptyAggregate,
  keepsHistograms,
  mergeAggregate,
  type Resolution,
  reachS,
  type StoredBucket,
} from '@humtemp/bucket-core';
import type { ExportHeader } from './export-format.js';

/** Buckets of the file that are merged into longer ones, which only the store has. */
export interface Merge {
  readonly from: Resolution;
  readonly intoS: number;
}

/**
 * Which durations of a store that a file lacks can be merged of which of the file: of those with borders at the same moments
 * the one that reaches back furthest.
 */
export function mergesInto(grid: BucketGrid, { alignmentS, resolutions }: ExportHeader): Merge[] {
  const missing = grid.resolutions.filter(
    ({ durationS }) =>
      !resolutions.some((one) => one.durationS === durationS) ||
      (alignmentS - grid.alignmentS) % durationS !== 0,
  );
  return missing.flatMap(({ durationS: intoS }) => {
    const fitting = resolutions.filter(
      ({ durationS }) =>
        durationS < intoS && intoS % durationS === 0 && (alignmentS - grid.alignmentS) % durationS === 0,
    );
    const [from] = fitting.sort((a, b) => reachS(b) - reachS(a) || b.durationS - a.durationS);
    return from === undefined ? [] : [{ from, intoS }];
  });
}

/** Merges buckets of one lab after the other, as they stand in a file. */
export class MergedBuckets {
  readonly #open = new Map<Merge, StoredBucket>();
  /** Buckets that were left out, as what they began with had expired when the file was written. */
  partial = 0;

  constructor(
    readonly merges: readonly Merge[],
    readonly alignmentS: number,
    readonly writtenAtMs: number,
  ) {}

  /** Takes the next bucket of a file. @returns those that are complete by that */
  add(bucket: StoredBucket): StoredBucket[] {
    const done: StoredBucket[] = [];
    for (const merge of this.merges) {
      const before = this.#open.get(merge);
      if (before !== undefined && before.lab !== bucket.lab) done.push(...this.#close(merge));
      if (merge.from.durationS !== bucket.durationS) continue;
      const startS = bucketStartS(bucket.startS * 1000, merge.intoS, this.alignmentS);
      if (before !== undefined && before.startS !== startS) done.push(...this.#close(merge));
      const open = this.#open.get(merge);
      if (open !== undefined) mergeAggregate(open.aggregate, bucket.aggregate);
      else {
        const aggregate = emptyAggregate(keepsHistograms(merge.intoS));
        mergeAggregate(aggregate, bucket.aggregate);
        this.#open.set(merge, { lab: bucket.lab, durationS: merge.intoS, startS, aggregate });
      }
    }
    return done;
  }

  /** What is left after the last bucket. */
  rest(): StoredBucket[] {
    return this.merges.flatMap((merge) => this.#close(merge));
  }

  #close(merge: Merge): StoredBucket[] {
    const open = this.#open.get(merge);
    this.#open.delete(merge);
    if (open === undefined) return [];
    const isWhole = (open.startS + reachS(merge.from)) * 1000 > this.writtenAtMs;
    if (isWhole) return [{ ...open, aggregate: withHistogramsOfAll(open.aggregate) }];
    this.partial += 1;
    return [];
  }
}

/** A bucket has the histograms of all its metrics, or none. */
export function withHistogramsOfAll(aggregate: Aggregate): Aggregate {
  const { temp, humidity } = aggregate;
  const isWhole = temp.histogram !== undefined && humidity.histogram !== undefined;
  return isWhole ? aggregate : copyAggregate(aggregate, false);
}
