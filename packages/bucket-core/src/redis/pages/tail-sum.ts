import {
  type Aggregate,
  emptyMetric,
  type MetricAggregate,
  metricOf,
  SQUARES_REFERENCE,
} from '../../aggregate/aggregate.js';
import { emptyHistogram, HISTOGRAM_BIN, type Histogram, widenHistogram } from '../../aggregate/histogram.js';
import { ABSENT_24, ROW_BYTES } from './tail-row.js';
import { wholeViewOf } from './whole-view.js';

/** What 32 bits of a time wrap around at. */
const WRAP = 4_294_967_296;

/** Times are compared by their lower 32 bits, as signed numbers. */
function ordered(low: number): number {
  return low ^ 0x80000000;
}

/**
 * Adds the observations of a tail that were measured in [fromMs, toMs): to `aggregate`, or to a new one. The same as
 * addObservation for each, but it is most of what reading all labs takes: so it goes over the bytes once, with whole numbers
 * of 32 bits as far as can be, and makes nothing for a lab that has nothing.
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
  // No time is before 1970.
  if (fromMs < 0) return addTail(aggregate, value, baseBytes, 0, toMs, withHistograms);
  if (toMs <= fromMs) return aggregate;
  const high = Math.floor(fromMs / WRAP);
  const nextMs = (high + 1) * WRAP;
  // The lower bits begin anew within the bucket.
  if (nextMs < toMs) {
    const first = addTail(aggregate, value, baseBytes, fromMs, nextMs, withHistograms);
    return addTail(first, value, baseBytes, nextMs, toMs, withHistograms);
  }
  const startMs = high * WRAP;
  const from = ordered(fromMs - startMs);
  const last = ordered(toMs - 1 - startMs);
  let observations = 0;
  let first = last;
  TEMP.clear();
  HUMIDITY.clear();
  const view = wholeViewOf(value);
  const end = value.byteOffset + value.length;
  for (let at = value.byteOffset + baseBytes; at < end; at += ROW_BYTES) {
    const low = ordered(view.getInt32(at + 13));
    if (low < from || low > last || view.getUint16(at + 11) !== high) continue;
    const t = (view.getInt32(at, true) << 8) >> 8;
    const h = (view.getInt32(at + 3, true) << 8) >> 8;
    if (t === ABSENT_24 && h === ABSENT_24) continue;
    observations += 1;
    if (low < first) first = low;
    if (t !== ABSENT_24) TEMP.add(low, t);
    if (h !== ABSENT_24) HUMIDITY.add(low, h);
  }
  if (observations === 0) return aggregate;
  const firstMs = startMs + (ordered(first) >>> 0);
  // Made with what it has: to fill an empty one takes twice as long.
  if (aggregate === undefined) {
    const [temp, humidity] = [TEMP.metric(startMs, withHistograms), HUMIDITY.metric(startMs, withHistograms)];
    return { observations, firstMs, temp, humidity };
  }
  aggregate.observations += observations;
  if (firstMs < aggregate.firstMs) aggregate.firstMs = firstMs;
  TEMP.addTo(aggregate.temp, startMs);
  HUMIDITY.addTo(aggregate.humidity, startMs);
  return aggregate;
}

/** Sums of a metric, kept in plain fields that are used again. */
class Sums {
  count = 0;
  sum = 0;
  sumSquares = 0;
  min = 0;
  max = 0;
  last = 0;
  /** Of the last, as they are compared. */
  low = 0;
  /** The first `count` of them. */
  readonly values: number[] = [];

  constructor(
    readonly reference: number,
    readonly binWidth: number,
  ) {}

  clear(): void {
    this.count = 0;
    this.sum = 0;
    this.sumSquares = 0;
  }

  add(low: number, value: number): void {
    if (this.count === 0) {
      this.min = value;
      this.max = value;
      this.last = value;
      this.low = low;
    } else {
      if (value < this.min) this.min = value;
      else if (value > this.max) this.max = value;
      if (low > this.low || (low === this.low && value > this.last)) {
        this.low = low;
        this.last = value;
      }
    }
    this.values[this.count] = value;
    this.count += 1;
    this.sum += value;
    const distance = value - this.reference;
    this.sumSquares += distance * distance;
  }

  metric(startMs: number, withHistogram: boolean): MetricAggregate {
    const { count, sum, sumSquares, min, max, last } = this;
    if (count === 0) return emptyMetric(withHistogram);
    const lastMs = startMs + (ordered(this.low) >>> 0);
    const histogram = withHistogram ? this.#addToBins(emptyHistogram()) : undefined;
    return metricOf(count, sum, sumSquares, min, max, last, lastMs, histogram);
  }

  addTo(metric: MetricAggregate, startMs: number): void {
    if (this.count === 0) return;
    metric.count += this.count;
    metric.sum += this.sum;
    metric.sumSquares += this.sumSquares;
    if (this.min < metric.min) metric.min = this.min;
    if (this.max > metric.max) metric.max = this.max;
    if (metric.histogram !== undefined) this.#addToBins(metric.histogram);
    const lastMs = startMs + (ordered(this.low) >>> 0);
    if (lastMs < metric.lastMs || (lastMs === metric.lastMs && this.last <= metric.last)) return;
    metric.last = this.last;
    metric.lastMs = lastMs;
  }

  #addToBins(histogram: Histogram): Histogram {
    const { binWidth, values } = this;
    widenHistogram(histogram, Math.floor(this.min / binWidth), Math.floor(this.max / binWidth));
    const { counts, firstBin } = histogram;
    for (let i = 0; i < this.count; i++) counts[Math.floor(values[i]! / binWidth) - firstBin]! += 1;
    return histogram;
  }
}

const TEMP = new Sums(SQUARES_REFERENCE.temp, HISTOGRAM_BIN.temp);
const HUMIDITY = new Sums(SQUARES_REFERENCE.humidity, HISTOGRAM_BIN.humidity);
