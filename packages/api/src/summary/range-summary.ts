import type { LabBucket } from '@humtemp/bucket-core';
import { type IntervalSummary, intervalSummary, type SummaryBasis } from './interval-summary.js';
import { mergedSpans } from './merged-spans.js';
import { type FineRead, type RangeExtraQuery, type RangeExtras, rangeExtras } from './range-extras.js';
import type { RangeSpan } from './range-span.js';

/** The summary of a lab's buckets of a range. @param fineBuckets as `fine` has it. */
export function rangeSummary(
  buckets: readonly LabBucket[],
  { resolution, startS, endS }: RangeSpan,
  basis: SummaryBasis,
  query: RangeExtraQuery,
  fine: FineRead | undefined,
  fineBuckets: readonly LabBucket[],
): IntervalSummary & RangeExtras {
  const [span] = mergedSpans(buckets, [startS, endS], resolution.durationS, basis);
  const { aggregate, coverage } = span!;
  return {
    ...intervalSummary(aggregate, startS, endS, basis, coverage),
    ...rangeExtras(span!, query, fine, fineBuckets, basis.nowMs),
  };
}
