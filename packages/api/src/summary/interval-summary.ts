import { type Aggregate, lastMs } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import { bucketCoverage, type Coverage } from './coverage.js';
import type { Limits, MetricName } from './distribution.js';
import { MetricSummary, metricSummary } from './metric-summary.js';

const TimeIfAny = Type.Union([Rfc3339Time, Type.Null()]);
const MetricIfAny = Type.Union([MetricSummary, Type.Null()]);

/** What the API says about the half-open interval [start, end): a bucket, or buckets merged. `null` where it has no data. */
export const IntervalSummary = Type.Object(
  {
    start: Rfc3339Time,
    end: Rfc3339Time,
    observations: Type.Integer({ minimum: 0 }),
    first: TimeIfAny,
    last: TimeIfAny,
    complete: Type.Boolean({ description: 'the interval is over; what comes late is still added' }),
    coverage: Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.Null()], {
      description:
        'expected intervals of what is over of [start, end) that have a value, 0 to 1: of the metric that has more. null while nothing is over',
    }),
    temp: MetricIfAny,
    humidity: MetricIfAny,
  },
  { $id: 'IntervalSummary' },
);

export type IntervalSummary = Static<typeof IntervalSummary>;

/** Limits by metric, for the share of observations within them. */
export type MetricLimits = { readonly [metric in MetricName]?: Limits | undefined };

/** What summaries are measured by. */
export interface SummaryBasis {
  readonly nowMs: number;
  readonly expectedIntervalS: number;
  readonly limits?: MetricLimits;
}

/** The summary of an interval. `covered` is its coverage where it is not that of one bucket. */
export function intervalSummary(
  aggregate: Aggregate,
  startS: number,
  endS: number,
  { nowMs, expectedIntervalS, limits = {} }: SummaryBasis,
  covered: Coverage = bucketCoverage(aggregate, startS * 1000, endS * 1000, nowMs, expectedIntervalS),
): IntervalSummary {
  const [startMs, endMs] = [startS * 1000, endS * 1000];
  const { observations } = aggregate;
  return {
    start: rfc3339Time(startMs),
    end: rfc3339Time(endMs),
    observations,
    first: observations === 0 ? null : rfc3339Time(aggregate.firstMs),
    last: observations === 0 ? null : rfc3339Time(lastMs(aggregate)),
    complete: endMs <= nowMs,
    coverage: covered.any,
    temp: metricSummary(aggregate.temp, 'temp', limits.temp, covered.temp),
    humidity: metricSummary(aggregate.humidity, 'humidity', limits.humidity, covered.humidity),
  };
}
