import {
  type Aggregate,
  emptyMetric,
  type MetricAggregate,
  metricOf,
  SQUARES_REFERENCE,
} from '../../aggregate/aggregate.js';
import { HISTOGRAM_BIN, type Histogram } from '../../aggregate/histogram.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';

/**
 * An aggregate in few bytes: 22 for five minutes, 30 for an hour with its histograms. Of its bucket's start, which stands
 * elsewhere:
 *
 *     u8      flags, below
 *     varint  observations; first time − start of the bucket
 *     then for each metric that it has:
 *     varint  count (unless every observation has it); zigzag min; max − min; last − min; sum − count × min;
 *             Σ (value − min)² (or f64: the sum of squares as it is); last time − first time (for humidity only if
 *             its last time is not that of temp)
 *     varint  histogram: the count of each bin from that of min to that of max, but for the last, which follows; behind a 0
 *             the number of bins that are empty in a row
 *
 * Squares about the minimum are small. They are exact integers, and so is the way back.
 */
const TEMP = 1;
const HUMIDITY = 2;
const ALL_TEMP = 4;
const ALL_HUMIDITY = 8;
/** Times are whole seconds. */
const SECONDS = 16;
const SAME_LAST = 32;
const HISTOGRAMS = 64;
/** Squares are too large for the short form. */
const LARGE_SQUARES = 128;

/** Below it every intermediate value of the squares is an exact integer in a double. */
const EXACT_MAX = 2 ** 50;

export function putAggregate(out: ByteWriter, aggregate: Aggregate, startS: number): void {
  const { observations, firstMs, temp, humidity } = aggregate;
  out.room(128 + 10 * ((temp.histogram?.counts.length ?? 0) + (humidity.histogram?.counts.length ?? 0)));
  const flags = flagsOf(aggregate);
  out.byte(flags);
  out.varint(observations);
  const unitMs = flags & SECONDS ? 1000 : 1;
  out.varint((firstMs - startS * 1000) / unitMs);
  if (flags & TEMP) {
    putValues(out, temp, (flags & ALL_TEMP) !== 0, flags, SQUARES_REFERENCE.temp);
    out.varint((temp.lastMs - firstMs) / unitMs);
    if (flags & HISTOGRAMS) putBins(out, temp, HISTOGRAM_BIN.temp);
  }
  if (flags & HUMIDITY) {
    putValues(out, humidity, (flags & ALL_HUMIDITY) !== 0, flags, SQUARES_REFERENCE.humidity);
    if (!(flags & SAME_LAST)) out.varint((humidity.lastMs - firstMs) / unitMs);
    if (flags & HISTOGRAMS) putBins(out, humidity, HISTOGRAM_BIN.humidity);
  }
}

/**
 * All that reading all labs makes are such objects: they are made with what they have, as to fill empty ones takes twice as long.
 * @param withHistograms false: leaves them out.
 */
export function getAggregate(from: ByteReader, startS: number, withHistograms: boolean): Aggregate {
  const flags = from.byte();
  const observations = from.varint();
  const unitMs = flags & SECONDS ? 1000 : 1;
  const firstMs = startS * 1000 + from.varint() * unitMs;
  const keeps = withHistograms && (flags & HISTOGRAMS) !== 0;
  const temp =
    flags & TEMP
      ? getMetric(from, flags, flags & ALL_TEMP ? observations : -1, SQUARES_REFERENCE.temp)
      : emptyMetric(keeps);
  if (flags & TEMP) {
    temp.lastMs = firstMs + from.varint() * unitMs;
    if (flags & HISTOGRAMS) temp.histogram = getBins(from, temp, HISTOGRAM_BIN.temp, keeps);
  }
  const humidity =
    flags & HUMIDITY
      ? getMetric(from, flags, flags & ALL_HUMIDITY ? observations : -1, SQUARES_REFERENCE.humidity)
      : emptyMetric(keeps);
  if (flags & HUMIDITY) {
    humidity.lastMs = flags & SAME_LAST ? temp.lastMs : firstMs + from.varint() * unitMs;
    if (flags & HISTOGRAMS) humidity.histogram = getBins(from, humidity, HISTOGRAM_BIN.humidity, keeps);
  }
  return { observations, firstMs, temp, humidity };
}

function flagsOf({ observations, firstMs, temp, humidity }: Aggregate): number {
  let flags = 0;
  if (temp.count > 0) flags |= TEMP;
  if (humidity.count > 0) flags |= HUMIDITY;
  if (temp.count === observations) flags |= ALL_TEMP;
  if (humidity.count === observations) flags |= ALL_HUMIDITY;
  const isWhole = ({ count, lastMs }: MetricAggregate) => count === 0 || lastMs % 1000 === 0;
  if (firstMs % 1000 === 0 && isWhole(temp) && isWhole(humidity)) flags |= SECONDS;
  if (temp.count > 0 && temp.lastMs === humidity.lastMs) flags |= SAME_LAST;
  if (temp.histogram !== undefined) flags |= HISTOGRAMS;
  if (!hasSmallSquares(temp, SQUARES_REFERENCE.temp)) flags |= LARGE_SQUARES;
  if (!hasSmallSquares(humidity, SQUARES_REFERENCE.humidity)) flags |= LARGE_SQUARES;
  return flags;
}

function hasSmallSquares({ count, sum, sumSquares, min }: MetricAggregate, reference: number): boolean {
  if (count === 0) return true;
  const d = min - reference;
  const isExact = (value: number) => Math.abs(value) < EXACT_MAX;
  return isExact(sumSquares) && isExact(count * d * d) && isExact(2 * d * (sum - count * reference));
}

function putValues(
  out: ByteWriter,
  { count, sum, sumSquares, min, max, last }: MetricAggregate,
  isAll: boolean,
  flags: number,
  reference: number,
): void {
  if (!isAll) out.varint(count);
  out.zigzag(min);
  out.varint(max - min);
  out.varint(last - min);
  out.varint(sum - count * min);
  const d = min - reference;
  // Σ (v − min)² = Σ (v − r)² − 2 d Σ (v − r) + n d², with d = min − r.
  if (flags & LARGE_SQUARES) out.double(sumSquares);
  else out.varint(sumSquares - 2 * d * (sum - count * reference) + count * d * d);
}

/**
 * A metric without its last time and its histogram.
 * @param all count of a metric that every observation has, else −1.
 */
function getMetric(from: ByteReader, flags: number, all: number, reference: number): MetricAggregate {
  const count = all < 0 ? from.varint() : all;
  const min = from.zigzag();
  const max = min + from.varint();
  const last = min + from.varint();
  const sum = from.varint() + count * min;
  const d = min - reference;
  const sumSquares =
    flags & LARGE_SQUARES ? from.double() : from.varint() + 2 * d * (sum - count * reference) - count * d * d;
  return metricOf(count, sum, sumSquares, min, max, last, Number.NEGATIVE_INFINITY, undefined);
}

function putBins(out: ByteWriter, { min, max, histogram }: MetricAggregate, width: number): void {
  const bins = Math.floor(max / width) - Math.floor(min / width);
  const counts = histogram!.counts;
  for (let i = 0; i < bins; ) {
    const count = counts[i]!;
    out.varint(count);
    i += 1;
    if (count > 0) continue;
    let run = 1;
    for (; i < bins && counts[i] === 0; i++) run += 1;
    out.varint(run);
  }
}

/** @returns undefined, and passes them by, unless `keeps` */
function getBins(
  from: ByteReader,
  { min, max, count }: MetricAggregate,
  width: number,
  keeps: boolean,
): Histogram | undefined {
  const firstBin = Math.floor(min / width);
  const bins = Math.floor(max / width) - firstBin;
  const counts: number[] = [];
  let rest = count;
  for (let i = 0; i < bins; ) {
    const inBin = from.varint();
    rest -= inBin;
    if (keeps) counts.push(inBin);
    i += 1;
    if (inBin > 0) continue;
    const run = from.varint() - 1;
    i += run;
    if (keeps) for (let j = 0; j < run && j < bins; j++) counts.push(0);
  }
  if (!keeps) return undefined;
  counts.push(rest);
  return { firstBin, counts };
}
