import { averageOfThousandths, type LabBucket, lastMs, type MetricAggregate } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';

const LastValue = Type.Union([Type.Number(), Type.Null()], {
  description: 'the newest value in that bucket; null where it has none',
});

/** When a lab was last heard of and what it said then, by its newest bucket of the longest-lived resolution. */
export const LabStatus = Type.Object({
  lab_id: Type.String(),
  latest: Type.Object(
    { timestamp: Rfc3339Time, temp: LastValue, humidity: LastValue },
    {
      description:
        'what the newest bucket of the longest-lived resolution has: the time of its latest observation, and of each metric its newest value, which may be older than that time; of two at the same moment the larger',
    },
  ),
  age_s: Type.Number({ minimum: 0, description: 'seconds since the latest observation' }),
  stale: Type.Boolean({ description: 'silent for more than three expected intervals' }),
});

export type LabStatus = Static<typeof LabStatus>;

/** Expected intervals of silence that a lab may keep before it is stale. */
const SILENT_INTERVALS_MAX = 3;

/** What a lab's newest bucket says about it. */
export function labStatus(newest: LabBucket, expectedIntervalS: number, nowMs: number): LabStatus {
  const { lab, aggregate } = newest;
  const latestMs = lastMs(aggregate);
  // A sensor's clock may run ahead of ours.
  const ageS = Math.max(0, nowMs - latestMs) / 1000;
  return {
    lab_id: lab,
    latest: {
      timestamp: rfc3339Time(latestMs),
      temp: lastValue(aggregate.temp),
      humidity: lastValue(aggregate.humidity),
    },
    age_s: ageS,
    stale: ageS > SILENT_INTERVALS_MAX * expectedIntervalS,
  };
}

function lastValue(metric: MetricAggregate): number | null {
  return metric.count === 0 ? null : averageOfThousandths(metric.last, 1);
}
