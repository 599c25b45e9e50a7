import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type Aggregate,
  type BucketStore,
  emptyAggregate,
  mergeAggregate,
  type Resolution,
} from '@humtemp/bucket-core';
import { readStore } from './store-read.js';

/** Labs read from the store at the same time. */
const LABS_AT_ONCE = 16;

/** The buckets of each lab that start in [startS, endS), merged: one aggregate for each lab, in order. */
export async function* mergedLabs(
  store: BucketStore,
  labs: readonly string[],
  resolution: Resolution,
  { startS, endS }: { readonly startS: number; readonly endS: number },
  nowMs: number,
  timeoutMs: number,
): AsyncGenerator<Aggregate> {
  const read = async (lab: string): Promise<Aggregate> => {
    const merged = emptyAggregate(true);
    for (const { aggregate } of await store.series(lab, resolution, startS, endS, nowMs))
      mergeAggregate(merged, aggregate);
    return merged;
  };
  for (let i = 0; i < labs.length; i += LABS_AT_ONCE) {
    const some = labs.slice(i, i + LABS_AT_ONCE);
    yield* await readStore(timeoutMs, () => Promise.all(some.map(read)));
    // The embedded store answers at once; others want a turn too.
    await nextTurn();
  }
}
