import { hourOfDay, startOfDay } from '../format/moments.js';
import { parseTime } from '../format/parse-time.js';

/** Ranges with names, as they are offered. */
export const RANGE_NAMES = ['today', 'night', 'yesterday', 'week', 'month'] as const;
export type RangeName = (typeof RANGE_NAMES)[number];

export interface ChosenRange {
  readonly name: RangeName | 'any';
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether it ends now. */
  readonly isOpen: boolean;
}

/** What is shown where the URL names no range: the first of these in which anything was heard. */
export const DEFAULT_RANGES: readonly RangeName[] = ['yesterday', 'today', 'week', 'month'];

/** When the last to leave has left, and the first comes. */
const NIGHT = { fromHour: 20, toHour: 8 };

/** The range that a URL names; undefined if it names none. */
export function rangeChoice(
  query: {
    readonly range?: string | undefined;
    readonly from?: string | undefined;
    readonly to?: string | undefined;
  },
  nowMs: number,
  zone: string,
): ChosenRange | undefined {
  const [fromMs, toMs] = [parseTime(query.from), parseTime(query.to)];
  if (fromMs !== undefined && toMs !== undefined && fromMs < toMs)
    return { name: 'any', fromMs, toMs: Math.min(toMs, nowMs), isOpen: toMs >= nowMs };
  const name = RANGE_NAMES.find((one) => one === query.range);
  return name === undefined ? undefined : namedRange(name, nowMs, zone);
}

/** Days and nights are those of the zone; a week is the last seven days, today included. */
export function namedRange(name: RangeName, nowMs: number, zone: string): ChosenRange {
  const since = (days: number) => ({ fromMs: startOfDay(nowMs, zone, days), toMs: nowMs, isOpen: true });
  switch (name) {
    case 'today':
      return { name, ...since(0) };
    case 'week':
      return { name, ...since(-6) };
    case 'month':
      return { name, ...since(-29) };
    case 'yesterday':
      return {
        name,
        fromMs: startOfDay(nowMs, zone, -1),
        toMs: startOfDay(nowMs, zone),
        isOpen: false,
      };
    case 'night': {
      const endMs = hourOfDay(nowMs, zone, NIGHT.toHour);
      return {
        name,
        fromMs: hourOfDay(nowMs, zone, NIGHT.fromHour, -1),
        toMs: Math.min(endMs, nowMs),
        isOpen: endMs > nowMs,
      };
    }
  }
}
