import type { BucketGrid, Resolution } from '@humtemp/bucket-core';
import { localDate, shiftedDate, startOfDate } from './local-date.js';
import { localDays } from './local-days.js';
import { timeMs } from './parameters.js';
import { badParameter } from './read-query.js';
import { isDayResolution } from './series-span.js';
import { checkedTimeZone } from './time-zone.js';

/** One day of a time zone, and what it is merged from. */
export interface LocalDay {
  readonly source: Resolution;
  /** Unix seconds. */
  readonly startS: number;
  readonly endS: number;
  /** Whether any of it is still kept. */
  readonly isKept: boolean;
}

const OFFSET_MIN = -100_000;

/** The day that a query names: that of a time, or so many from today. @throws ProblemError with status 400. */
export function localDay(
  query: {
    readonly start?: string | number;
    readonly offset: number;
    readonly resolution?: string;
    readonly tz: string;
  },
  grid: BucketGrid,
  nowMs: number,
): LocalDay {
  const timeZone = checkedTimeZone(query.tz);
  if (query.resolution !== undefined && !isDayResolution(query.resolution))
    throw badParameter('resolution', '1d with tz, or not given');
  const today = localDate(nowMs, timeZone);
  if (query.offset > 0 || query.offset < OFFSET_MIN)
    throw badParameter('offset', `0 to ${OFFSET_MIN} with tz`);
  const date =
    query.start === undefined
      ? shiftedDate(today, query.offset)
      : localDate(timeMs('start', query.start, timeZone), timeZone);
  if (date > today) throw badParameter('start', `up to ${today} with tz`);
  const [startMs, endMs] = [startOfDate(date, timeZone), startOfDate(shiftedDate(date, 1), timeZone)];
  const { source, edgesS } = localDays({ fromMs: startMs, toMs: endMs }, timeZone, grid, nowMs);
  return { source, startS: startMs / 1000, endS: endMs / 1000, isKept: edgesS.length > 1 };
}
