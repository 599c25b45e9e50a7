import { type Static, Type } from '@sinclair/typebox';
import { Gauge, Registry } from 'prom-client';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import type { LabReadings, MetricReading } from './lab-readings.js';

/** Readings in the text format of Prometheus. What a lab has no value of is left out, never 0. */
export function labMetrics({ labs, omitted, neverHeard }: LabReadings): Promise<string> {
  const registers = [new Registry()];
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  const temp = gauge(
    'humtemp_lab_temperature_celsius',
    'Temperature: avg, min and max of the current bucket, and the last.',
    ['lab', 'stat'],
  );
  const humidity = gauge(
    'humtemp_lab_humidity_percent',
    'Relative humidity: avg, min and max of the current bucket, and the last.',
    ['lab', 'stat'],
  );
  const observations = gauge('humtemp_lab_bucket_observations', 'Observations in the current bucket.', [
    'lab',
  ]);
  const age = gauge('humtemp_lab_age_seconds', 'Time since the latest observation.', ['lab']);
  const stale = gauge(
    'humtemp_lab_stale',
    'Whether a lab, or one of its metrics, is silent for more than three expected intervals, or was never heard: 1 or 0.',
    ['lab'],
  );
  const outOfRange = gauge(
    'humtemp_lab_out_of_range',
    'Whether the latest value is beyond the limits of the labs file: 1 or 0. Without limits there is none.',
    ['lab', 'metric'],
  );
  gauge('humtemp_labs_shown', 'Labs in this answer.').set(labs.length);
  gauge('humtemp_labs_omitted', 'Labs left out of this answer, beyond its limit.').set(omitted);
  for (const reading of labs) {
    const { lab } = reading;
    setStats(temp, lab, reading.temp);
    setStats(humidity, lab, reading.humidity);
    observations.set({ lab }, reading.observations);
    age.set({ lab }, reading.ageS);
    stale.set({ lab }, reading.status.stale ? 1 : 0);
    for (const metric of ['temp', 'humidity'] as const) {
      const isWithin = reading.status.metrics[metric]?.in_range ?? null;
      if (isWithin !== null) outOfRange.set({ lab, metric }, isWithin ? 0 : 1);
    }
  }
  for (const lab of neverHeard) stale.set({ lab }, 1);
  return registers[0]!.metrics();
}

function setStats(gauge: Gauge, lab: string, reading: MetricReading): void {
  for (const stat of ['avg', 'min', 'max', 'last'] as const)
    if (reading[stat] !== null) gauge.set({ lab, stat }, reading[stat]);
}

const ValueIfAny = Type.Union([Type.Number(), Type.Null()]);

/** A lab's current bucket and latest values in one row. */
export const LabRow = Type.Object(
  {
    lab_id: Type.String(),
    start: Rfc3339Time,
    end: Rfc3339Time,
    observations: Type.Integer({ minimum: 0 }),
    temp_avg: ValueIfAny,
    temp_min: ValueIfAny,
    temp_max: ValueIfAny,
    temp_last: ValueIfAny,
    humidity_avg: ValueIfAny,
    humidity_min: ValueIfAny,
    humidity_max: ValueIfAny,
    humidity_last: ValueIfAny,
    last: Rfc3339Time,
    age_s: Type.Number({ minimum: 0, description: 'seconds since the latest observation' }),
  },
  {
    $id: 'LabRow',
    description:
      'avg, min and max are of the current bucket [start, end) of the primary resolution, last is the latest value.',
  },
);

export type LabRow = Static<typeof LabRow>;

/** One flat row per lab and bucket, as Grafana's Infinity data source reads JSON without a query. */
export function labRows({ labs }: LabReadings): LabRow[] {
  return labs.map(({ lab, bucketStartS, bucketEndS, observations, lastMs, ageS, temp, humidity }) => ({
    lab_id: lab,
    start: rfc3339Time(bucketStartS * 1000),
    end: rfc3339Time(bucketEndS * 1000),
    observations,
    temp_avg: temp.avg,
    temp_min: temp.min,
    temp_max: temp.max,
    temp_last: temp.last,
    humidity_avg: humidity.avg,
    humidity_min: humidity.min,
    humidity_max: humidity.max,
    humidity_last: humidity.last,
    last: rfc3339Time(lastMs),
    age_s: ageS,
  }));
}
