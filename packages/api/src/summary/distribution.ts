import { HISTOGRAM_BIN, type MetricAggregate, quantile, shareWithin } from '@humtemp/bucket-core';

/** Limits in thousandths, both of them within: min ≤ value ≤ max; infinite where it is open. */
export interface Limits {
  readonly min: number;
  readonly max: number;
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
 * The share of a metric's values that lie within limits, 0 to 1. Exact where all of them do, or none; else off by no
 * more than the share of values in the bins that the limits cut. `null` where that needs a histogram and none is kept.
 */
export function shareWithinLimits(
  metric: MetricAggregate,
  name: MetricName,
  { min, max }: Limits,
): number | null {
  if (min <= metric.min && metric.max <= max) return 1;
  if (metric.max < min || metric.min > max) return 0;
  return shareWithin(metric, HISTOGRAM_BIN[name], min, max + stepOf(metric)) ?? null;
}

/** Steps in which sensors measure, in thousandths, the largest first. */
const STEPS = [500, 100, 50, 10, 5, 1] as const;

/**
 * The step in which a metric's values seem to be measured: all that is known of them is a multiple of it. A value is at
 * most `max` if it is less than the one that is a step higher.
 */
function stepOf({ sum, min, max, last }: MetricAggregate): number {
  return STEPS.find((step) => [sum, min, max, last].every((value) => value % step === 0)) ?? 1;
}
