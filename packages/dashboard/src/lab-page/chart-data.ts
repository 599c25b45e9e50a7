import type { Limits } from '../lab/limits.js';
import type { Bucket, MetricName } from '../lab/series.js';

/** The least that the height of a chart stands for, so that noise does not fill it: °C or °F, %RH. */
export const MIN_SPAN: Readonly<Record<MetricName, number>> = { temp: 2, humidity: 8 };

/** Starts in Unix seconds, and lowest, highest and average of each; a last one ends the last bucket. */
export function chartData(
  buckets: readonly Bucket[],
  metric: MetricName,
  scale: (value: number) => number,
): readonly (readonly (number | null)[])[] {
  const xs: number[] = [];
  const [min, max, avg]: (number | null)[][] = [[], [], []];
  for (const bucket of buckets) {
    const values = bucket[metric];
    xs.push(Date.parse(bucket.start) / 1000);
    min!.push(values === null ? null : scale(values.min));
    max!.push(values === null ? null : scale(values.max));
    avg!.push(values === null ? null : scale(values.avg));
  }
  const last = buckets.at(-1);
  if (last !== undefined) {
    // What is to come of a bucket is not drawn.
    const endMs = last.complete
      ? Date.parse(last.end)
      : Math.min(Date.parse(last.end), Date.parse(last.last ?? last.end));
    xs.push(endMs / 1000);
    for (const values of [min!, max!, avg!]) values.push(values.at(-1) ?? null);
  }
  return [xs, min!, max!, avg!];
}

/** What the height of a chart stands for: the values, and a limit that is near them. */
export function valueRange(
  low: number | null,
  high: number | null,
  spanMin: number,
  { min, max }: Limits,
): [number, number] {
  if (low === null || high === null) return [min ?? (max ?? 0) - spanMin, max ?? (min ?? 0) + spanMin];
  let [from, to] = [low, high];
  const reach = Math.max(high - low, spanMin);
  if (min !== undefined && min > from - reach) from = Math.min(from, min);
  if (max !== undefined && max < to + reach) to = Math.max(to, max);
  const missing = Math.max(0, spanMin - (to - from)) / 2;
  const margin = (to - from + 2 * missing) * 0.06;
  return [from - missing - margin, to + missing + margin];
}
