import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type Aggregate,
  type BucketStore,
  emptyAggregate,
  type LabBucket,
  mergeAggregate,
  type Resolution,
} from '@humtemp/bucket-core';
import { readStore } from '../http/store-read.js';
import { CoveredIntervals } from '../summary/coverage.js';

/** Which buckets of which labs, and how to read them. */
export interface LabsToMerge {
  readonly store: BucketStore;
  readonly labs: readonly string[];
  readonly resolution: Resolution;
  /** Buckets that start in [startS, endS). */
  readonly startS: number;
  readonly endS: number;
  readonly nowMs: number;
  readonly expectedIntervalS: (lab: string) => number;
  readonly timeoutMs: number;
}

export interface MergedLabs {
  readonly merged: Aggregate;
  /** Of each lab that has any bucket. */
  readonly coveredByLab: ReadonlyMap<string, CoveredIntervals>;
}

/** Labs read from the store at the same time. */
const LABS_AT_ONCE = 16;

/**
 * The buckets of some labs, merged, read lab by lab.
 * @throws StoreUnavailable
 */
export async function mergedByLab(wanted: LabsToMerge): Promise<MergedLabs> {
  const { store, labs, resolution, startS, endS, nowMs, timeoutMs } = wanted;
  const sum = new Sum(wanted);
  for (let i = 0; i < labs.length; i += LABS_AT_ONCE) {
    const some = labs.slice(i, i + LABS_AT_ONCE);
    const series = await readStore(timeoutMs, () => store.seriesOf(some, resolution, startS, endS, nowMs));
    for (const bucket of series.flat()) sum.add(bucket);
    // The embedded store answers at once; others want a turn too.
    await nextTurn();
  }
  return sum;
}

/**
 * The same, read bucket by bucket, each of all labs that the store has: faster where these are most of them.
 * @throws StoreUnavailable
 */
export async function mergedByBucket(wanted: LabsToMerge): Promise<MergedLabs> {
  const { store, resolution, endS, nowMs, timeoutMs } = wanted;
  const labs = new Set(wanted.labs);
  const sum = new Sum(wanted);
  for (let { startS } = wanted; startS < endS; startS += resolution.durationS) {
    const pages = store.buckets('all', resolution, startS, nowMs)[Symbol.asyncIterator]();
    for (;;) {
      const page = await readStore(timeoutMs, () => pages.next());
      if (page.done) break;
      for (const bucket of page.value) if (labs.has(bucket.lab)) sum.add(bucket);
    }
  }
  return sum;
}

class Sum implements MergedLabs {
  readonly merged = emptyAggregate(true);
  readonly coveredByLab = new Map<string, CoveredIntervals>();

  constructor(readonly wanted: LabsToMerge) {}

  add({ lab, aggregate, startS }: LabBucket): void {
    const { nowMs, resolution, expectedIntervalS } = this.wanted;
    mergeAggregate(this.merged, aggregate);
    let covered = this.coveredByLab.get(lab);
    if (covered === undefined) {
      covered = new CoveredIntervals(nowMs, expectedIntervalS(lab));
      this.coveredByLab.set(lab, covered);
    }
    covered.add(aggregate, startS, resolution.durationS);
  }
}
