import {
  type Aggregate,
  emptyAggregate,
  type MetricAggregate,
  SQUARES_REFERENCE,
} from '../../aggregate/aggregate.js';
import { addToHistogram, HISTOGRAM_BIN } from '../../aggregate/histogram.js';
import { ABSENT } from '../../observation/fixed-point.js';
import { humidityAt, msAt, ROW_BYTES, tempAt } from './tail-row.js';

/** Sums of a metric, kept in plain fields that are used again. */
class Sums {
  count = 0;
  sum = 0;
  sumSquares = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  last = 0;
  lastMs = Number.NEGATIVE_INFINITY;

  clear(): void {
    this.count = 0;
    this.sum = 0;
    this.sumSquares = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = Number.NEGATIVE_INFINITY;
    this.last = 0;
    this.lastMs = Number.NEGATIVE_INFINITY;
  }

  add(ms: number, value: number, reference: number): void {
    this.count += 1;
    this.sum += value;
    const distance = value - reference;
    this.sumSquares += distance * distance;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    if (ms > this.lastMs || (ms === this.lastMs && value > this.last)) {
      this.lastMs = ms;
      this.last = value;
    }
  }

  addTo(metric: MetricAggregate): void {
    if (this.count === 0) return;
    metric.count += this.count;
    metric.sum += this.sum;
    metric.sumSquares += this.sumSquares;
    if (this.min < metric.min) metric.min = this.min;
    if (this.max > metric.max) metric.max = this.max;
    if (this.lastMs < metric.lastMs || (this.lastMs === metric.lastMs && this.last <= metric.last)) return;
    metric.last = this.last;
    metric.lastMs = this.lastMs;
  }
}

const temps = new Sums();
const humidities = new Sums();

/**
 * Adds the observations of a tail that were measured in [fromMs, toMs): to `aggregate`, or to a new one. The same as
 * addObservation for each, but it is most of what reading all labs takes.
 * @returns undefined where there is nothing.
 */
export function addTail(
  aggregate: Aggregate | undefined,
  value: Buffer,
  baseBytes: number,
  fromMs: number,
  toMs: number,
  withHistograms: boolean,
): Aggregate | undefined {
  temps.clear();
  humidities.clear();
  let observations = 0;
  let firstMs = Number.POSITIVE_INFINITY;
  for (let at = baseBytes; at < value.length; at += ROW_BYTES) {
    const ms = msAt(value, at);
    if (ms < fromMs || ms >= toMs) continue;
    const temp = tempAt(value, at);
    const humidity = humidityAt(value, at);
    if (temp === ABSENT && humidity === ABSENT) continue;
    observations += 1;
    if (ms < firstMs) firstMs = ms;
    if (temp !== ABSENT) temps.add(ms, temp, SQUARES_REFERENCE.temp);
    if (humidity !== ABSENT) humidities.add(ms, humidity, SQUARES_REFERENCE.humidity);
  }
  if (observations === 0) return aggregate;
  const into = aggregate ?? emptyAggregate(withHistograms);
  into.observations += observations;
  if (firstMs < into.firstMs) into.firstMs = firstMs;
  temps.addTo(into.temp);
  humidities.addTo(into.humidity);
  if (withHistograms) countTail(into, value, baseBytes, fromMs, toMs);
  return into;
}

function countTail(into: Aggregate, value: Buffer, baseBytes: number, fromMs: number, toMs: number): void {
  const temp = into.temp.histogram;
  const humidity = into.humidity.histogram;
  for (let at = baseBytes; at < value.length; at += ROW_BYTES) {
    const ms = msAt(value, at);
    if (ms < fromMs || ms >= toMs) continue;
    const t = tempAt(value, at);
    const h = humidityAt(value, at);
    if (t !== ABSENT && temp !== undefined) addToHistogram(temp, Math.floor(t / HISTOGRAM_BIN.temp), 1);
    if (h !== ABSENT && humidity !== undefined)
      addToHistogram(humidity, Math.floor(h / HISTOGRAM_BIN.humidity), 1);
  }
}
