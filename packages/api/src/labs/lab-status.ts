import {
  averageOfThousandths,
  type LabBucket,
  lastMs,
  type MetricAggregate,
  nameOfLabId,
} from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import type { LabLimits, LabSettings } from '../rooms/lab-settings.js';

const LastValue = Type.Union([Type.Number(), Type.Null()], {
  description: 'the newest value in that bucket; null where it has none',
});
const TextIfAny = Type.Union([Type.String(), Type.Null()]);
const NumberIfAny = Type.Union([Type.Number(), Type.Null()]);

/** The newest value of a metric of a lab. */
const MetricStatus = Type.Object(
  {
    value: Type.Number(),
    timestamp: Rfc3339Time,
    age_s: Type.Number({ minimum: 0 }),
    stale: Type.Boolean({ description: 'silent for more than three expected intervals' }),
    in_range: Type.Union([Type.Boolean(), Type.Null()], {
      description:
        'whether the value is within the limits of the labs file, both included; null without limits',
    }),
  },
  { $id: 'MetricStatus' },
);
type MetricStatus = Static<typeof MetricStatus>;
const MetricStatusIfAny = Type.Union([MetricStatus, Type.Null()], {
  description: 'null where the lab has had no value of the metric in this and the previous bucket',
});

const Limits = Type.Union(
  [Type.Object({ min: NumberIfAny, max: NumberIfAny }, { $id: 'LabLimits' }), Type.Null()],
  { description: 'of the labs file, both included; null where there are none' },
);

/** When a lab was last heard of and what it said then, by its newest bucket of the longest-lived resolution. */
export const LabStatus = Type.Object({
  lab_id: Type.String(),
  name: TextIfAny,
  group: TextIfAny,
  latest: Type.Object(
    { timestamp: Rfc3339Time, temp: LastValue, humidity: LastValue },
    {
      description:
        'what the newest bucket of the longest-lived resolution has: the time of its latest observation, and of each metric its newest value, which may be older than that time; of two at the same moment the larger',
    },
  ),
  age_s: Type.Number({ minimum: 0, description: 'seconds since the latest observation' }),
  stale: Type.Boolean({
    description:
      'silent for more than three expected intervals, or one of its metrics is: of those that it had in this or the previous bucket',
  }),
  metrics: Type.Object({ temp: MetricStatusIfAny, humidity: MetricStatusIfAny }),
  limits: Type.Object({ temp: Limits, humidity: Limits }),
  expected_interval_s: Type.Number({ description: 'seconds between two observations' }),
});

export type LabStatus = Static<typeof LabStatus>;

/** Expected intervals of silence that a lab may keep before it is stale. */
const SILENT_INTERVALS_MAX = 3;

/** What is known of a lab's latest values. */
export interface LatestOfLab {
  /** The newest bucket of the longest-lived resolution. */
  readonly newest: LabBucket;
  /** Its buckets in which a metric may be that is not in the newest one. */
  readonly earlier: readonly LabBucket[];
}

export function latestValues({ lab, aggregate }: LabBucket): Pick<LabStatus, 'lab_id' | 'latest'> {
  return {
    lab_id: lab,
    latest: {
      timestamp: rfc3339Time(lastMs(aggregate)),
      temp: lastValue(aggregate.temp),
      humidity: lastValue(aggregate.humidity),
    },
  };
}

/** The name that a lab id was made of; null where it is its own name. */
function nameOf(lab: string): string | null {
  const name = nameOfLabId(lab);
  return name === lab ? null : name;
}

/** @param defaultIntervalS of labs whose settings name none. */
export function labStatus(
  { newest, earlier }: LatestOfLab,
  settings: LabSettings,
  defaultIntervalS: number,
  nowMs: number,
): LabStatus {
  const expectedIntervalS = settings.expectedIntervalS ?? defaultIntervalS;
  const isStale = (ageS: number) => ageS > SILENT_INTERVALS_MAX * expectedIntervalS;
  // A sensor's clock may run ahead of ours.
  const ageOf = (ms: number) => Math.max(0, nowMs - ms) / 1000;
  const metric = (name: 'temp' | 'humidity'): MetricStatus | null => {
    const latest = [newest, ...earlier]
      .map(({ aggregate }) => aggregate[name])
      .reduce((a, b) => (b.lastMs > a.lastMs ? b : a));
    if (latest.count === 0) return null;
    const ageS = ageOf(latest.lastMs);
    return {
      value: averageOfThousandths(latest.last, 1),
      timestamp: rfc3339Time(latest.lastMs),
      age_s: ageS,
      stale: isStale(ageS),
      in_range: isWithin(latest.last, settings[name]),
    };
  };
  const metrics = { temp: metric('temp'), humidity: metric('humidity') };
  const ageS = ageOf(lastMs(newest.aggregate));
  return {
    ...latestValues(newest),
    name: settings.name ?? nameOf(newest.lab),
    group: settings.group ?? null,
    age_s: ageS,
    stale: isStale(ageS) || metrics.temp?.stale === true || metrics.humidity?.stale === true,
    metrics,
    limits: { temp: shownLimits(settings.temp), humidity: shownLimits(settings.humidity) },
    expected_interval_s: expectedIntervalS,
  };
}

function isWithin(value: number, limits: LabLimits | undefined): boolean | null {
  return limits === undefined ? null : value >= limits.min && value <= limits.max;
}

function shownLimits(limits: LabLimits | undefined) {
  if (limits === undefined) return null;
  const shown = (value: number) => (Number.isFinite(value) ? averageOfThousandths(value, 1) : null);
  return { min: shown(limits.min), max: shown(limits.max) };
}

function lastValue(metric: MetricAggregate): number | null {
  return metric.count === 0 ? null : averageOfThousandths(metric.last, 1);
}
