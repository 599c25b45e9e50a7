import { averageOfThousandths, type MetricAggregate, SQUARES_REFERENCE } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import { type Limits, type MetricName, quantileOf, shareWithinLimits } from './distribution.js';
import { standardDeviation } from './standard-deviation.js';

const Percentile = Type.Union([Type.Number(), Type.Null()]);

/** One metric of a bucket or a range, in °C or %RH. */
export const MetricSummary = Type.Object(
  {
    count: Type.Integer({ minimum: 1, description: 'observations that have the metric' }),
    avg: Type.Number(),
    min: Type.Number(),
    max: Type.Number(),
    stddev: Type.Number({ minimum: 0, description: 'population standard deviation' }),
    p05: Percentile,
    p50: Percentile,
    p95: Percentile,
    coverage: Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.Null()], {
      description: 'expected intervals that have a value of the metric, 0 to 1; null while nothing is over',
    }),
    in_range: Type.Optional(
      Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.Null()], {
        description:
          'share of the observations within the limits, both ends included; only where there are limits, of the query or the labs file. Exact where all or none are within; else off by no more than the share of observations within 0.1 °C or 0.5 %RH of a limit. null where that needs a histogram and none is kept',
      }),
    ),
  },
  {
    $id: 'MetricSummary',
    description:
      'Percentiles are within 0.1 °C or 0.5 %RH of the exact ones, and null in resolutions below an hour, which keep no histogram.',
  },
);

export type MetricSummary = Static<typeof MetricSummary>;

/** `null` where no observation has the metric. */
export function metricSummary(
  metric: MetricAggregate,
  name: MetricName,
  limits: Limits | undefined,
  coverage: number | null,
): MetricSummary | null {
  const { count, sum, min, max } = metric;
  if (count === 0) return null;
  const percentile = (q: number) => {
    const value = quantileOf(metric, name, q);
    return value === null ? null : averageOfThousandths(value, 1);
  };
  return {
    count,
    avg: averageOfThousandths(sum, count),
    min: averageOfThousandths(min, 1),
    max: averageOfThousandths(max, 1),
    stddev: standardDeviation(metric, SQUARES_REFERENCE[name]),
    p05: percentile(0.05),
    p50: percentile(0.5),
    p95: percentile(0.95),
    coverage,
    ...(limits === undefined ? {} : { in_range: shareWithinLimits(metric, name, limits) }),
  };
}
