import type { Bucket, MetricName } from '../lab/series.js';

export interface HistogramBar {
  /** [from, to) of the values. */
  readonly from: number;
  readonly to: number;
  readonly hours: number;
}

/** Widths of bars that read well. */
const WIDTHS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50];
const BARS_MAX = 24;

/** How long a metric spent at each value, by the averages of buckets. Bars without any time between others are there. */
export function histogramOf(buckets: readonly Bucket[], metric: MetricName): readonly HistogramBar[] {
  const weighed = buckets.flatMap((bucket) => {
    const values = bucket[metric];
    return values === null
      ? []
      : [{ value: values.avg, hours: (Date.parse(bucket.end) - Date.parse(bucket.start)) / 3_600_000 }];
  });
  if (weighed.length === 0) return [];
  const low = Math.min(...weighed.map(({ value }) => value));
  const high = Math.max(...weighed.map(({ value }) => value));
  const width = WIDTHS.find((one) => (high - low) / one < BARS_MAX) ?? WIDTHS.at(-1)!;
  const first = Math.floor(low / width + 1e-9);
  const count = Math.floor(high / width + 1e-9) - first + 1;
  const hours = new Array<number>(count).fill(0);
  for (const { value, hours: own } of weighed) hours[Math.floor(value / width + 1e-9) - first]! += own;
  return hours.map((own, i) => ({ from: (first + i) * width, to: (first + i + 1) * width, hours: own }));
}
