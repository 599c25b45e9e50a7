import { type BucketGrid, bucketStartS, type Resolution } from '@humtemp/bucket-core';
import { Type } from '@sinclair/typebox';
import { ProblemError } from '../http/problem.js';
import { localDate, nextDate, startOfDate } from './local-date.js';
import { durationText } from './parameters.js';
import { oldestStartS, type TimeRange } from './time-range.js';
import { ZONE_EXPECTED } from './time-zone.js';

const DAY_S = 86_400;
const DAYS_MAX = 400;

/** The query parameter `tz` of routes that can merge local days. */
export const TimeZoneParameter = {
  tz: Type.Optional(
    Type.String({
      description: `${ZONE_EXPECTED}: days begin and end there, with 23 or 25 hours where clocks change; from and to are widened to whole days, and may be dates such as 2026-10-25`,
      examples: ['Europe/Berlin'],
    }),
  ),
};

/** Days of a time zone, and what they are merged from. */
export interface LocalDays {
  /** Coarse enough to be few, and with a border wherever a day has one. */
  readonly source: Resolution;
  /** Where days begin, and where the last one ends; Unix seconds. */
  readonly edgesS: readonly number[];
}

/**
 * The days of a time zone that a range touches, up to that of now, and cut to what is still kept.
 * @throws ProblemError with status 400 where no resolution has the borders of these days and is kept for so long, while
 * another one still has the time.
 */
export function localDays(range: TimeRange, timeZone: string, grid: BucketGrid, nowMs: number): LocalDays {
  const edgesS = edgesOf(range, timeZone, nowMs);
  const isBorder = (s: number, { durationS }: Resolution) =>
    bucketStartS(s * 1000, durationS, grid.alignmentS) === s;
  const fitting = grid.resolutions
    .filter((one) => one.durationS <= DAY_S && edgesS.every((s) => isBorder(s, one)))
    .sort((a, b) => oldestStartS(a, grid, nowMs) - oldestStartS(b, grid, nowMs) || b.durationS - a.durationS);
  const reaching = fitting.filter((one) => oldestStartS(one, grid, nowMs) <= edgesS[0]!);
  const source = reaching.reduce<Resolution | undefined>(
    (best, one) => (best === undefined || one.durationS > best.durationS ? one : best),
    undefined,
  );
  if (source !== undefined) return { source, edgesS };
  const isKeptElsewhere = grid.resolutions.some((one) => oldestStartS(one, grid, nowMs) <= edgesS[0]!);
  if (fitting.length === 0 || isKeptElsewhere) throw cannotMeet(timeZone, grid);
  const furthest = fitting[0]!;
  const kept = edgesS.filter((s) => s >= oldestStartS(furthest, grid, nowMs));
  return { source: furthest, edgesS: kept.length === 0 ? edgesS.slice(-1) : kept };
}

function edgesOf({ fromMs, toMs }: TimeRange, timeZone: string, nowMs: number): readonly number[] {
  const today = localDate(nowMs, timeZone);
  const last = [localDate(toMs - 1, timeZone), today].sort()[0]!;
  let date = [localDate(fromMs, timeZone), last].sort()[0]!;
  const edgesS: number[] = [];
  for (; date <= last; date = nextDate(date)) {
    if (edgesS.length >= DAYS_MAX)
      throw new ProblemError({
        status: 400,
        detail: `the range has more than ${DAYS_MAX} days: ask for a shorter one`,
      });
    edgesS.push(startOfDate(date, timeZone) / 1000);
  }
  edgesS.push(startOfDate(date, timeZone) / 1000);
  return edgesS;
}

function cannotMeet(timeZone: string, grid: BucketGrid): ProblemError {
  const kept = grid.resolutions
    .map(
      (one) =>
        `${durationText(one)} for ${durationText({ durationS: one.durationS * one.retention, retention: 1 })}`,
    )
    .join(', ');
  const detail = `days of ${timeZone} have borders that no buckets kept for so long have: there are ${kept}`;
  return new ProblemError({ status: 400, detail });
}
