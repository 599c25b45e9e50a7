import { HISTOGRAM_BIN, type MetricAggregate, quantile, shareWithin } from '@humtemp/bucket-core';

/** Half-open interval in thousandths: from ≤ value < to; infinite where it is open. */
export interface Limits {
  readonly from: number;
  readonly to: number;
}

/** The metrics of an observation. */
export type MetricName = keyof typeof HISTOGRAM_BIN;

/**
 * A quantile of a metric that has values, in thousandths, within one bin of the exact nearest-rank one; `null` where
 * the resolution keeps no histogram.
 */
export function quantileOf(metric: MetricAggregate, name: MetricName, q: number): number | null {
  return quantile(metric, HISTOGRAM_BIN[name], q) ?? null;
}

/**
 * The share of a metric's values that lie within limits, 0 to 1: exact where each limit lies on a border of bins, and
 * otherwise off by no more than the share of values in the bins that the limits cut. `null` without a histogram.
 */
export function shareWithinLimits(metric: MetricAggregate, name: MetricName, limits: Limits): number | null {
  return shareWithin(metric, HISTOGRAM_BIN[name], limits.from, limits.to) ?? null;
}
