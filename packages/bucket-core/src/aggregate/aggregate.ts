import { ABSENT } from '../observation/fixed-point.js';
import {
  addToHistogram,
  copyHistogram,
  emptyHistogram,
  HISTOGRAM_BIN,
  type Histogram,
  mergeHistogram,
} from './histogram.js';

/**
 * The mergeable content of a bucket: a commutative monoid under `merge` with `emptyAggregate`. All values are
 * thousandths (see fixed-point.ts).
 */
export interface Aggregate {
  observations: number;
  /** Earliest timestamp, Unix milliseconds; +∞ when empty. */
  firstMs: number;
  readonly temp: MetricAggregate;
  readonly humidity: MetricAggregate;
}

/** Of one metric, over the observations that have it. */
export interface MetricAggregate {
  count: number;
  sum: number;
  /** Sum of (value − reference)², about the metric's SQUARES_REFERENCE. */
  sumSquares: number;
  /** +∞ when empty. */
  min: number;
  /** −∞ when empty. */
  max: number;
  /** The value of the latest observation that has the metric; the larger of two at the same time. */
  last: number;
  /** When that was, Unix milliseconds; −∞ when empty. */
  lastMs: number;
  /** Of all its values; undefined where none is kept. */
  histogram: Histogram | undefined;
}

/**
 * Squares are taken about a value close to what rooms have, 20 °C and 50 %RH. So the sum stays an exact integer in a
 * double for a billion observations within 3 °C or %RH of it (9 × 10^15), and the standard deviation loses no digits.
 */
export const SQUARES_REFERENCE = { temp: 20_000, humidity: 50_000 } as const;

/** @param withHistograms whether it keeps histograms of what is added and merged. */
export function emptyAggregate(withHistograms = false): Aggregate {
  return {
    observations: 0,
    firstMs: Infinity,
    temp: emptyMetric(withHistograms),
    humidity: emptyMetric(withHistograms),
  };
}

/** @param withHistograms false: the copy has none. */
export function copyAggregate(aggregate: Aggregate, withHistograms = true): Aggregate {
  return {
    ...aggregate,
    temp: copyMetric(aggregate.temp, withHistograms),
    humidity: copyMetric(aggregate.humidity, withHistograms),
  };
}

/** Adds one observation: values in thousandths, or ABSENT. */
export function addObservation(
  aggregate: Aggregate,
  timestampMs: number,
  temp: number,
  humidity: number,
): void {
  aggregate.observations += 1;
  if (timestampMs < aggregate.firstMs) aggregate.firstMs = timestampMs;
  if (temp !== ABSENT)
    addValue(aggregate.temp, timestampMs, temp, SQUARES_REFERENCE.temp, HISTOGRAM_BIN.temp);
  if (humidity !== ABSENT)
    addValue(aggregate.humidity, timestampMs, humidity, SQUARES_REFERENCE.humidity, HISTOGRAM_BIN.humidity);
}

/** Merges `other` into `aggregate`. A histogram is kept only if both have one, or `other` has no observations. */
export function mergeAggregate(aggregate: Aggregate, other: Aggregate): void {
  aggregate.observations += other.observations;
  if (other.firstMs < aggregate.firstMs) aggregate.firstMs = other.firstMs;
  mergeMetric(aggregate.temp, other.temp);
  mergeMetric(aggregate.humidity, other.humidity);
}

/** Timestamp of the latest observation, Unix milliseconds: every observation has at least one of the metrics. */
export function lastMs(aggregate: Aggregate): number {
  return Math.max(aggregate.temp.lastMs, aggregate.humidity.lastMs);
}

/** @param withHistogram whether it keeps one. */
export function emptyMetric(withHistogram: boolean): MetricAggregate {
  return metricOf(0, 0, 0, Infinity, -Infinity, 0, -Infinity, withHistogram ? emptyHistogram() : undefined);
}

/** The one place where such objects are made. */
export function metricOf(
  count: number,
  sum: number,
  sumSquares: number,
  min: number,
  max: number,
  last: number,
  lastMs: number,
  histogram: Histogram | undefined,
): MetricAggregate {
  return { count, sum, sumSquares, min, max, last, lastMs, histogram };
}

/**
 * V8 gives a field the narrowest kind that it has seen, and moves each object that has a narrower one when it is next touched:
 * a fifth of the time of reading all labs. So the first object has in each field the widest that comes: sums beyond 31 bits, and
 * limits that may be infinite. It is kept, as a shape that nothing has is forgotten.
 */
export const FIRST_METRIC = metricOf(0, 0.5, 0.5, 0.5, 0.5, 0, 0.5, undefined);

function copyMetric(metric: MetricAggregate, withHistogram: boolean): MetricAggregate {
  const { histogram } = metric;
  return { ...metric, histogram: withHistogram && histogram ? copyHistogram(histogram) : undefined };
}

function addValue(
  metric: MetricAggregate,
  timestampMs: number,
  value: number,
  reference: number,
  binWidth: number,
): void {
  metric.count += 1;
  metric.sum += value;
  metric.sumSquares += (value - reference) * (value - reference);
  if (value < metric.min) metric.min = value;
  if (value > metric.max) metric.max = value;
  takeLast(metric, timestampMs, value);
  if (metric.histogram !== undefined) addToHistogram(metric.histogram, Math.floor(value / binWidth), 1);
}

function mergeMetric(metric: MetricAggregate, other: MetricAggregate): void {
  metric.count += other.count;
  metric.sum += other.sum;
  metric.sumSquares += other.sumSquares;
  if (other.min < metric.min) metric.min = other.min;
  if (other.max > metric.max) metric.max = other.max;
  takeLast(metric, other.lastMs, other.last);
  if (metric.histogram === undefined || other.count === 0) return;
  if (other.histogram === undefined) metric.histogram = undefined;
  else mergeHistogram(metric.histogram, other.histogram);
}

function takeLast(metric: MetricAggregate, timestampMs: number, value: number): void {
  if (timestampMs < metric.lastMs || (timestampMs === metric.lastMs && value <= metric.last)) return;
  metric.last = value;
  metric.lastMs = timestampMs;
}
