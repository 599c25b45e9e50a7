import { type Aggregate, emptyAggregate, type LabBucket, mergeAggregate } from '@humtemp/bucket-core';
import { type Coverage, CoveredIntervals } from './coverage.js';
import type { SummaryBasis } from './interval-summary.js';

/** Buckets of a lab merged over a span of time. */
export interface MergedSpan {
  readonly startS: number;
  readonly endS: number;
  readonly aggregate: Aggregate;
  readonly coverage: Coverage;
}

/**
 * Merges a lab's buckets, oldest first, over the spans between edges.
 * @param edgesS where spans begin, and where the last one ends: borders of buckets.
 */
export function mergedSpans(
  buckets: readonly LabBucket[],
  edgesS: readonly number[],
  durationS: number,
  { nowMs, expectedIntervalS }: SummaryBasis,
): MergedSpan[] {
  const spans: MergedSpan[] = [];
  let next = 0;
  for (let i = 0; i + 1 < edgesS.length; i++) {
    const [startS, endS] = [edgesS[i]!, edgesS[i + 1]!];
    const aggregate = emptyAggregate(true);
    const covered = new CoveredIntervals(nowMs, expectedIntervalS);
    for (; next < buckets.length && buckets[next]!.startS < endS; next++) {
      const bucket = buckets[next]!;
      if (bucket.startS < startS) continue;
      mergeAggregate(aggregate, bucket.aggregate);
      covered.add(bucket.aggregate, bucket.startS, durationS);
    }
    spans.push({ startS, endS, aggregate, coverage: covered.of(startS, endS) });
  }
  return spans;
}
