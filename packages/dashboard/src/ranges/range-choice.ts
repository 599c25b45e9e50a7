import { startOfDay } from '../format/moments.js';
import { parseTime } from '../format/parse-time.js';

export const RANGE_NAMES = ['today', 'yesterday', 'week', 'month', 'any'] as const;
export type RangeName = (typeof RANGE_NAMES)[number];

export interface ChosenRange {
  readonly name: RangeName;
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether it ends now. */
  readonly isOpen: boolean;
}

/** The range that a URL names. Days are those of the zone; a week is the last seven, today included. */
export function rangeChoice(
  query: {
    readonly range?: string | undefined;
    readonly from?: string | undefined;
    readonly to?: string | undefined;
  },
  nowMs: number,
  zone: string,
): ChosenRange {
  const [fromMs, toMs] = [parseTime(query.from), parseTime(query.to)];
  if (fromMs !== undefined && toMs !== undefined && fromMs < toMs)
    return { name: 'any', fromMs, toMs: Math.min(toMs, nowMs), isOpen: toMs >= nowMs };
  const day = (days: number) => startOfDay(nowMs, zone, days);
  switch (query.range) {
    case 'today':
      return { name: 'today', fromMs: day(0), toMs: nowMs, isOpen: true };
    case 'week':
      return { name: 'week', fromMs: day(-6), toMs: nowMs, isOpen: true };
    case 'month':
      return { name: 'month', fromMs: day(-29), toMs: nowMs, isOpen: true };
    default:
      return { name: 'yesterday', fromMs: day(-1), toMs: day(0), isOpen: false };
  }
}
