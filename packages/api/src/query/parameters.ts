import {
  type BucketGrid,
  isLabId,
  parseDurationS,
  primaryResolution,
  REJECTION_ADVICE,
  type Resolution,
  timestampToMs,
  toThousandths,
} from '@humtemp/bucket-core';
import { Type } from '@sinclair/typebox';
import type { Context } from 'hono';
import { requireLab } from '../access/access-guard.js';
import { ProblemError } from '../http/problem.js';
import { Rfc3339Time } from '../http/rfc3339-time.js';
import type { MetricLimits } from '../summary/interval-summary.js';
import { startOfDate } from './local-date.js';
import { badParameter } from './read-query.js';

const TIME_EXPECTED =
  'an RFC 3339 time with a zone, whose + is written %2B, a date such as 2026-10-25, or Unix seconds';
const DATE_PATTERN = '^\\d{4}-\\d{2}-\\d{2}$';

/** A time as clients give it. */
export const Time = Type.Union([Rfc3339Time, Type.String({ pattern: DATE_PATTERN }), Type.Number()], {
  description: TIME_EXPECTED,
});

/** Unix milliseconds of a time that is given; a date is its beginning in a time zone. @throws ProblemError with status 400 for one that no calendar has. */
export function timeMs(name: string, time: string | number, timeZone = 'UTC'): number {
  const isDate = typeof time === 'string' && new RegExp(DATE_PATTERN).test(time);
  if (isDate && timestampToMs(`${time}T00:00:00Z`) === undefined) throw badParameter(name, TIME_EXPECTED);
  const ms = isDate ? startOfDate(time, timeZone) : timestampToMs(time);
  if (ms === undefined) throw badParameter(name, TIME_EXPECTED);
  return ms;
}

const DURATION_PATTERN = '^\\d{1,9}[smhdw]?$';

/** A duration as clients give it. */
export const durationParameter = (description: string) =>
  Type.String({ pattern: DURATION_PATTERN, description });

/** A bucket duration as clients give it. */
export const Duration = Type.String({
  pattern: DURATION_PATTERN,
  description: 'a bucket duration such as 5m, 1h or 1d',
  examples: ['1h'],
});

/** Seconds of a duration that is given. @throws ProblemError with status 400 for one of nothing. */
export function durationSeconds(name: string, duration: string): number {
  if (!/[1-9]/.test(duration)) throw badParameter(name, 'a duration such as 30s, 5m or 1h');
  return parseDurationS(duration);
}

/** The resolution of this duration. @throws ProblemError with status 400 that names those there are. */
export function resolutionOf(grid: BucketGrid, duration: string): Resolution {
  const durationS = /[1-9]/.test(duration) ? parseDurationS(duration) : 0;
  const resolution = grid.resolutions.find((one) => one.durationS === durationS);
  if (resolution !== undefined) return resolution;
  throw badParameter('resolution', `one of ${grid.resolutions.map(durationText).join(', ')}`);
}

/** The resolution that is asked for, or else the primary one. */
export function resolutionOrPrimary(grid: BucketGrid, duration: string | undefined): Resolution {
  return duration === undefined ? primaryResolution(grid) : resolutionOf(grid, duration);
}

/** A resolution as clients read and write it: its duration in the largest unit of which it is a multiple. */
export function durationText({ durationS }: Resolution): string {
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const)
    if (durationS % seconds === 0) return `${durationS / seconds}${unit}`;
  return `${durationS}s`;
}

const RANGE = '^(-?\\d{1,6}(\\.\\d{1,6})?)?\\.\\.(-?\\d{1,6}(\\.\\d{1,6})?)?$';
const RANGE_EXPECTED =
  'a range such as 20..24, both ends included, with one of them left out for an open one';

/** The query parameters `temp` and `humidity`: limits for the share of observations within them. */
export const LimitParameters = {
  temp: Type.Optional(
    Type.String({ pattern: RANGE, description: RANGE_EXPECTED, examples: ['20..24', '..24'] }),
  ),
  humidity: Type.Optional(
    Type.String({ pattern: RANGE, description: RANGE_EXPECTED, examples: ['40..60', '40..'] }),
  ),
};

/** The limits in a query. @throws ProblemError with status 400 for a range that is empty, or open at both ends. */
export function metricLimits(query: { readonly temp?: string; readonly humidity?: string }): MetricLimits {
  const limitsOf = (name: 'temp' | 'humidity') => {
    const text = query[name];
    if (text === undefined) return undefined;
    const [from, to] = text.split('..') as [string, string];
    const limits = {
      min: from === '' ? -Infinity : toThousandths(Number(from)),
      max: to === '' ? Infinity : toThousandths(Number(to)),
    };
    if (text === '..' || limits.min > limits.max) throw badParameter(name, RANGE_EXPECTED);
    return limits;
  };
  return { temp: limitsOf('temp'), humidity: limitsOf('humidity') };
}

/**
 * The lab id that a path names. Its slashes may be written as they are or as %2F; `resource` is the literal end of the
 * path behind it, such as `/buckets`.
 * @throws ProblemError with status 400 for an id that no lab can have, 403 for a lab that is not the client's to see.
 */
export function labOfPath(c: Context, resource = ''): string {
  const path = c.req.param('lab_id') ?? '';
  const lab = path.slice(0, path.length - resource.length);
  if (!isLabId(lab)) throw new ProblemError({ status: 400, detail: REJECTION_ADVICE.lab_id });
  requireLab(c.get('scope'), lab);
  return lab;
}
