import type { BucketGrid, Resolution } from '@humtemp/bucket-core';
import { bucketsToMerge } from '../query/buckets-to-merge.js';
import { localDays } from '../query/local-days.js';
import { timeRange } from '../query/range-query.js';
import { badParameter } from '../query/read-query.js';
import { checkedTimeZone } from '../query/time-zone.js';

/** The buckets that make up the summary of a range. */
export interface RangeSpan {
  readonly resolution: Resolution;
  readonly startS: number;
  readonly endS: number;
}

/** A range of a query: of whole buckets, or with `tz` of whole days there. @throws ProblemError with status 400. */
export function rangeSpan(
  query: {
    readonly from?: string | number;
    readonly to?: string | number;
    readonly resolution?: string;
    readonly tz?: string;
  },
  grid: BucketGrid,
  nowMs: number,
): RangeSpan {
  const range = timeRange(query, nowMs);
  if (query.tz === undefined) return bucketsToMerge(range, query.resolution, grid, nowMs);
  if (query.resolution !== undefined)
    throw badParameter('tz', 'not given together with resolution, which it chooses');
  const { source, edgesS } = localDays(range, checkedTimeZone(query.tz), grid, nowMs);
  return { resolution: source, startS: edgesS[0]!, endS: edgesS.at(-1)! };
}
