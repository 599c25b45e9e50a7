import { averageOfThousandths, type LabBucket, lastMs, type MetricAggregate } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import { Rfc3339Time, rfc3339Time } from './rfc3339-time.js';

const LastValue = Type.Union([Type.Number(), Type.Null()]);

/** When a lab was last heard of and what it said. `null` where its newest bucket has no such value. */
export const LabStatus = Type.Object({
  lab_id: Type.String(),
  latest: Type.Object({ timestamp: Rfc3339Time, temp: LastValue, humidity: LastValue }),
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
