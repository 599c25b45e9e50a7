import { Gauge, Registry } from 'prom-client';
import type { LabReadings, MetricReading } from './lab-readings.js';

/** Readings in the text format of Prometheus. What a lab has no value of is left out, never 0. */
export function labMetrics({ labs, omitted }: LabReadings): Promise<string> {
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
  gauge('humtemp_labs_shown', 'Labs in this answer.').set(labs.length);
  gauge('humtemp_labs_omitted', 'Labs left out of this answer, beyond its limit.').set(omitted);
  for (const reading of labs) {
    const { lab } = reading;
    setStats(temp, lab, reading.temp);
    setStats(humidity, lab, reading.humidity);
    observations.set({ lab }, reading.observations);
    age.set({ lab }, reading.ageS);
  }
  return registers[0]!.metrics();
}

function setStats(gauge: Gauge, lab: string, reading: MetricReading): void {
  for (const stat of ['avg', 'min', 'max', 'last'] as const)
    if (reading[stat] !== null) gauge.set({ lab, stat }, reading[stat]);
}

/** One flat row per lab and bucket, as Grafana's Infinity data source reads JSON without a query. */
export function labRows({ labs }: LabReadings) {
  const time = (ms: number) => new Date(ms).toISOString();
  return labs.map(({ lab, bucketStartS, bucketEndS, observations, lastMs, ageS, temp, humidity }) => ({
    lab_id: lab,
    start: time(bucketStartS * 1000),
    end: time(bucketEndS * 1000),
    observations,
    temp_avg: temp.avg,
    temp_min: temp.min,
    temp_max: temp.max,
    temp_last: temp.last,
    humidity_avg: humidity.avg,
    humidity_min: humidity.min,
    humidity_max: humidity.max,
    humidity_last: humidity.last,
    last: time(lastMs),
    age_s: ageS,
  }));
}
