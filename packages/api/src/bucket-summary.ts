import {
  averageOfThousandths,
  type LabBucket,
  lastMs,
  type MetricAggregate,
  type Resolution,
} from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import { Rfc3339Time, rfc3339Time } from './rfc3339-time.js';

/** One metric of a bucket; `null` where no observation has it. */
export const MetricSummary = Type.Union([
  Type.Object({
    count: Type.Integer({ minimum: 1 }),
    avg: Type.Number(),
    min: Type.Number(),
    max: Type.Number(),
  }),
  Type.Null(),
]);

export type MetricSummary = Static<typeof MetricSummary>;

/** What the API says about one bucket, the half-open interval [start, end). */
export const BucketSummary = Type.Object({
  start: Rfc3339Time,
  end: Rfc3339Time,
  observations: Type.Integer({ minimum: 1 }),
  first: Rfc3339Time,
  last: Rfc3339Time,
  complete: Type.Boolean({ description: 'the interval is over; what comes late is still added' }),
  temp: MetricSummary,
  humidity: MetricSummary,
});

export type BucketSummary = Static<typeof BucketSummary>;

export function bucketSummary(bucket: LabBucket, resolution: Resolution, nowMs: number): BucketSummary {
  const { startS, aggregate } = bucket;
  const endMs = (startS + resolution.durationS) * 1000;
  return {
    start: rfc3339Time(startS * 1000),
    end: rfc3339Time(endMs),
    observations: aggregate.observations,
    first: rfc3339Time(aggregate.firstMs),
    last: rfc3339Time(lastMs(aggregate)),
    complete: endMs <= nowMs,
    temp: metricSummary(aggregate.temp),
    humidity: metricSummary(aggregate.humidity),
  };
}

function metricSummary(metric: MetricAggregate): MetricSummary {
  const { count, sum, min, max } = metric;
  if (count === 0) return null;
  return {
    count,
    avg: averageOfThousandths(sum, count),
    min: averageOfThousandths(min, 1),
    max: averageOfThousandths(max, 1),
  };
}
