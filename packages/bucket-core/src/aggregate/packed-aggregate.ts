import { type Aggregate, type MetricAggregate, metricOf } from './aggregate.js';
import type { Histogram } from './histogram.js';

/**
 * An aggregate as the embedded store keeps it: packed, little-endian, version byte first.
 *
 *     offset  type  field
 *     0       u8    version: 1, or 2 with histograms
 *     1       u32   observations
 *     5       f64   first timestamp, Unix milliseconds
 *     13      40 bytes of temp, then 40 bytes of humidity:
 *             u32 count, f64 sum, f64 sum of squares, i32 min, i32 max, i32 last, f64 last timestamp
 *     93      in version 2 the histogram of temp, then that of humidity:
 *             i16 first bin, u16 number of bins, u32 for each bin
 *
 * A metric that no observation has is 40 zero bytes, and 4 for its histogram.
 */
const BASE_BYTES = 93;
const VERSION = 1;
const VERSION_WITH_HISTOGRAMS = 2;

const TEMP_OFFSET = 13;
const HUMIDITY_OFFSET = 53;

export function packAggregate(aggregate: Aggregate): Buffer {
  const { temp, humidity } = aggregate;
  const histograms = [temp.histogram, humidity.histogram].filter((histogram) => histogram !== undefined);
  const hasHistograms = histograms.length === 2;
  const tailBytes = hasHistograms
    ? histograms.reduce((sum, histogram) => sum + histogramBytes(histogram), 0)
    : 0;
  const bytes = Buffer.alloc(BASE_BYTES + tailBytes);
  bytes[0] = hasHistograms ? VERSION_WITH_HISTOGRAMS : VERSION;
  bytes.writeUInt32LE(aggregate.observations, 1);
  bytes.writeDoubleLE(aggregate.firstMs, 5);
  packMetric(bytes, TEMP_OFFSET, temp);
  packMetric(bytes, HUMIDITY_OFFSET, humidity);
  let at = BASE_BYTES;
  if (hasHistograms) for (const histogram of histograms) at = packHistogram(bytes, at, histogram);
  return bytes;
}

/**
 * Copies everything out of the bytes.
 * @param withHistograms false: leaves them out, which are most of the bytes
 * @throws Error when the bytes are not an aggregate of a known version: the store holds what it must not hold.
 */
export function unpackAggregate(bytes: Buffer, withHistograms = true): Aggregate {
  const hasHistograms = bytes[0] === VERSION_WITH_HISTOGRAMS && bytes.length >= BASE_BYTES + 8;
  if (!hasHistograms && (bytes.length !== BASE_BYTES || bytes[0] !== VERSION))
    throw new Error(`not a packed aggregate of version 1 or 2: ${bytes.length} bytes, version ${bytes[0]}`);
  const isWanted = hasHistograms && withHistograms;
  const temp = isWanted ? unpackHistogram(bytes, BASE_BYTES) : undefined;
  const humidity = temp && unpackHistogram(bytes, BASE_BYTES + histogramBytes(temp));
  return {
    observations: bytes.readUInt32LE(1),
    firstMs: bytes.readDoubleLE(5),
    temp: unpackMetric(bytes, TEMP_OFFSET, temp),
    humidity: unpackMetric(bytes, HUMIDITY_OFFSET, humidity),
  };
}

function histogramBytes({ counts }: Histogram): number {
  return 4 + counts.length * 4;
}

function packMetric(bytes: Buffer, offset: number, metric: MetricAggregate): void {
  if (metric.count === 0) return;
  bytes.writeUInt32LE(metric.count, offset);
  bytes.writeDoubleLE(metric.sum, offset + 4);
  bytes.writeDoubleLE(metric.sumSquares, offset + 12);
  bytes.writeInt32LE(metric.min, offset + 20);
  bytes.writeInt32LE(metric.max, offset + 24);
  bytes.writeInt32LE(metric.last, offset + 28);
  bytes.writeDoubleLE(metric.lastMs, offset + 32);
}

function unpackMetric(bytes: Buffer, offset: number, histogram: Histogram | undefined): MetricAggregate {
  const count = bytes.readUInt32LE(offset);
  const isEmpty = count === 0;
  return metricOf(
    count,
    bytes.readDoubleLE(offset + 4),
    bytes.readDoubleLE(offset + 12),
    isEmpty ? Infinity : bytes.readInt32LE(offset + 20),
    isEmpty ? -Infinity : bytes.readInt32LE(offset + 24),
    bytes.readInt32LE(offset + 28),
    isEmpty ? -Infinity : bytes.readDoubleLE(offset + 32),
    histogram,
  );
}

/** @returns the offset behind it. */
function packHistogram(bytes: Buffer, offset: number, { firstBin, counts }: Histogram): number {
  let at = bytes.writeInt16LE(firstBin, offset);
  at = bytes.writeUInt16LE(counts.length, at);
  for (const count of counts) at = bytes.writeUInt32LE(count, at);
  return at;
}

function unpackHistogram(bytes: Buffer, offset: number): Histogram {
  const counts: number[] = [];
  const bins = bytes.readUInt16LE(offset + 2);
  for (let i = 0; i < bins; i++) counts.push(bytes.readUInt32LE(offset + 4 + i * 4));
  return { firstBin: bytes.readInt16LE(offset), counts };
}
