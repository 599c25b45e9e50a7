import type { BucketGrid, Resolution } from '@humtemp/bucket-core';
import { localDays } from './local-days.js';
import { durationText, resolutionOf } from './parameters.js';
import { timeRange } from './range-query.js';
import { badParameter } from './read-query.js';
import { checkCount } from './series-limit.js';
import { bucketCount, bucketRange, resolutionForSeries } from './time-range.js';
import { checkedTimeZone } from './time-zone.js';

const DAY = '1d';
/** Up to so many buckets are shown, if the resolution is ours to pick. */
export const BUCKETS_PICKED_MAX = 300;

/** The buckets of a series. */
export interface SeriesSpan {
  /** Of what is read: the buckets themselves, or what local days are merged from. */
  readonly source: Resolution;
  /** Where buckets begin, and where the last one ends; Unix seconds. */
  readonly edgesS: readonly number[];
  /** Duration of the buckets, as clients read it. */
  readonly text: string;
  /** Whether each is merged from several of the source. */
  readonly isMerged: boolean;
}

/** The series that a query asks for: of buckets, or with `tz` of days there. @throws ProblemError with status 400. */
export function seriesSpan(
  query: {
    readonly from?: string | number;
    readonly to?: string | number;
    readonly resolution?: string;
    readonly tz?: string;
  },
  grid: BucketGrid,
  nowMs: number,
): SeriesSpan {
  const range = timeRange(query, nowMs);
  if (query.tz !== undefined) {
    const isDay = query.resolution === undefined || isDayResolution(query.resolution);
    if (!isDay) throw badParameter('resolution', `${DAY} with tz, or not given`);
    const { source, edgesS } = localDays(range, checkedTimeZone(query.tz), grid, nowMs);
    return { source, edgesS, text: DAY, isMerged: true };
  }
  const source =
    query.resolution === undefined
      ? resolutionForSeries(range, grid, nowMs, BUCKETS_PICKED_MAX)
      : resolutionOf(grid, query.resolution);
  const buckets = bucketRange(range, source, grid, nowMs);
  const count = bucketCount(buckets, source);
  checkCount(count);
  const edgesS = Array.from({ length: count + 1 }, (_, i) => buckets.startS + i * source.durationS);
  return { source, edgesS, text: durationText(source), isMerged: false };
}

/** Whether a duration is a day. */
export function isDayResolution(duration: string): boolean {
  return duration === DAY || duration === '24h' || duration === '86400' || duration === '86400s';
}
