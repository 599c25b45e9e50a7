import type { MetricAggregate } from './aggregate.js';

/**
 * Counts of values by bins of a fixed width: a run of bins from the lowest to the highest that has any. Adding and
 * merging are exact and independent of the order; that is why widths are fixed.
 */
export interface Histogram {
  /** Bin b holds the values from b × width up to, but not including, (b + 1) × width. */
  firstBin: number;
  readonly counts: number[];
}

/** Widths of bins in thousandths: 0.1 °C and 0.5 %RH. */
export const HISTOGRAM_BIN = { temp: 100, humidity: 500 } as const;

/** Shortest bucket that keeps histograms, in seconds. */
const HISTOGRAM_DURATION_MIN_S = 3600;

/** Whether buckets of this duration keep histograms: shorter ones would take more room for them than for all else. */
export function keepsHistograms(durationS: number): boolean {
  return durationS >= HISTOGRAM_DURATION_MIN_S;
}

export function emptyHistogram(): Histogram {
  return { firstBin: 0, counts: [] };
}

export function copyHistogram({ firstBin, counts }: Histogram): Histogram {
  return { firstBin, counts: counts.slice() };
}

export function addToHistogram(histogram: Histogram, bin: number, count: number): void {
  widenHistogram(histogram, bin, bin);
  histogram.counts[bin - histogram.firstBin]! += count;
}

/** Makes room for bins, both of which are about to be counted: once for many values, instead of for each that is further out. */
export function widenHistogram(histogram: Histogram, fromBin: number, toBin: number): void {
  const { counts } = histogram;
  if (counts.length === 0) histogram.firstBin = fromBin;
  const below = histogram.firstBin - fromBin;
  if (below > 0) {
    const before = counts.length;
    for (let i = 0; i < below; i++) counts.push(0);
    counts.copyWithin(below, 0, before);
    counts.fill(0, 0, below);
    histogram.firstBin = fromBin;
  }
  while (counts.length <= toBin - histogram.firstBin) counts.push(0);
}

/** Merges `other` into `histogram`. */
export function mergeHistogram(histogram: Histogram, other: Histogram): void {
  const { firstBin, counts } = other;
  if (counts.length === 0) return;
  widenHistogram(histogram, firstBin, firstBin + counts.length - 1);
  const shift = firstBin - histogram.firstBin;
  for (let i = 0; i < counts.length; i++) histogram.counts[shift + i]! += counts[i]!;
}

/**
 * The value, in thousandths, that a share `q` of the metric's observations does not exceed: the nearest-rank quantile,
 * to within one width of a bin, and never outside of what was measured.
 * @param q from 0 to 1. @returns undefined without observations, or where no histogram was kept.
 */
export function quantile(metric: MetricAggregate, binWidth: number, q: number): number | undefined {
  const { count, histogram, min, max } = metric;
  if (count === 0 || histogram === undefined) return undefined;
  const rank = Math.max(1, Math.ceil(q * count));
  let below = 0;
  for (let i = 0; i < histogram.counts.length; i++) {
    const inBin = histogram.counts[i]!;
    if (below + inBin >= rank) {
      // As if the values of a bin lay evenly in it.
      const value = (histogram.firstBin + i + (rank - below - 0.5) / inBin) * binWidth;
      return Math.min(max, Math.max(min, Math.round(value)));
    }
    below += inBin;
  }
  return max;
}

/**
 * Share, 0 to 1, of the metric's observations with `from` ≤ value < `to`, thousandths. Exact where the limits are borders
 * of bins, or have none of the values within their bins; else wrong by at most the values of those two bins.
 * @returns undefined without observations, or where no histogram was kept.
 */
export function shareWithin(
  metric: MetricAggregate,
  binWidth: number,
  from: number,
  to: number,
): number | undefined {
  const { count, histogram, min, max } = metric;
  if (count === 0 || histogram === undefined) return undefined;
  if (from <= min && max < to) return 1;
  let within = 0;
  histogram.counts.forEach((inBin, i) => {
    const start = (histogram.firstBin + i) * binWidth;
    const overlap = Math.min(to, start + binWidth) - Math.max(from, start);
    if (overlap > 0) within += (inBin * overlap) / binWidth;
  });
  return within / count;
}
