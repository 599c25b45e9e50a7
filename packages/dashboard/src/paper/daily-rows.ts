import { startOfDay } from '../format/moments.js';
import { type Bucket, METRICS } from '../lab/series.js';

export interface DailyMetric {
  readonly min: number;
  readonly avg: number;
  readonly max: number;
  /** Share within the limits; undefined where there are none. */
  readonly inRange: number | undefined;
}

/** A day of a time zone, made of whole buckets that begin in it. */
export interface DailyRow {
  readonly startMs: number;
  readonly temp: DailyMetric | undefined;
  readonly humidity: DailyMetric | undefined;
  readonly coverage: number | undefined;
}

/** The days of a series, oldest first. */
export function dailyRows(buckets: readonly Bucket[], zone: string): readonly DailyRow[] {
  const byDay = new Map<number, Bucket[]>();
  for (const bucket of buckets) {
    const startMs = startOfDay(Date.parse(bucket.start), zone);
    const day = byDay.get(startMs);
    if (day === undefined) byDay.set(startMs, [bucket]);
    else day.push(bucket);
  }
  return [...byDay].map(([startMs, day]) => {
    const [temp, humidity] = METRICS.map((metric) => merged(day, metric));
    const covered = day.flatMap(({ coverage }) => (coverage === null ? [] : [coverage]));
    return { startMs, temp, humidity, coverage: covered.length === 0 ? undefined : mean(covered) };
  });
}

/** Every observation weighs the same, as in a bucket of a day. */
function merged(day: readonly Bucket[], metric: 'temp' | 'humidity'): DailyMetric | undefined {
  const all = day.flatMap((bucket) => bucket[metric] ?? []);
  if (all.length === 0) return undefined;
  const count = all.reduce((sum, one) => sum + one.count, 0);
  const weighed = (value: (one: (typeof all)[number]) => number) =>
    all.reduce((sum, one) => sum + value(one) * one.count, 0) / count;
  const isJudged = all.every(({ in_range }) => typeof in_range === 'number');
  return {
    min: Math.min(...all.map(({ min }) => min)),
    max: Math.max(...all.map(({ max }) => max)),
    avg: weighed(({ avg }) => avg),
    inRange: isJudged ? weighed(({ in_range }) => in_range ?? 0) : undefined,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
