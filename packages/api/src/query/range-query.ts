import { Type } from '@sinclair/typebox';
import { Duration, LimitParameters, Time, timeMs } from './parameters.js';
import { badParameter } from './read-query.js';
import type { TimeRange } from './time-range.js';
import { checkedTimeZone } from './time-zone.js';

const RANGE_MS_DEFAULT = 86_400_000;

/** Query parameters of the routes that take a range of time. */
export const RangeParameters = {
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  resolution: Type.Optional(Duration),
  ...LimitParameters,
};

/**
 * The range that is asked for: up to now, and from a day before its end, unless the query says otherwise.
 * @throws ProblemError with status 400 for one that ends where it begins, or before.
 */
export function timeRange(
  query: { readonly from?: string | number; readonly to?: string | number; readonly tz?: string },
  nowMs: number,
): TimeRange {
  const timeZone = query.tz === undefined ? 'UTC' : checkedTimeZone(query.tz);
  const toMs = query.to === undefined ? nowMs : timeMs('to', query.to, timeZone);
  const fromMs = query.from === undefined ? toMs - RANGE_MS_DEFAULT : timeMs('from', query.from, timeZone);
  if (fromMs >= toMs) throw badParameter('from', 'before to, which is now if not given');
  return { fromMs, toMs };
}
