import { type Aggregate, emptyAggregate, type MetricAggregate } from './aggregate.js';

/**
 * An aggregate as both stores keep it: packed, little-endian, version byte first. Its twin in Lua is redis/commit.lua;
 * tests hold the two against each other.
 *
 *     offset  type  field
 *     0       u8    version, 1
 *     1       u32   observations
 *     5       f64   first timestamp, Unix milliseconds
 *     13      40 bytes of temp, then 40 bytes of humidity:
 *             u32 count, f64 sum, f64 sum of squares, i32 min, i32 max, i32 last, f64 last timestamp
 *
 * A metric that no observation has is 40 zero bytes.
 */
export const PACKED_AGGREGATE_BYTES = 93;
export const PACKED_AGGREGATE_VERSION = 1;

const TEMP_OFFSET = 13;
const HUMIDITY_OFFSET = 53;

export function packAggregate(aggregate: Aggregate): Buffer {
  const bytes = Buffer.alloc(PACKED_AGGREGATE_BYTES);
  bytes[0] = PACKED_AGGREGATE_VERSION;
  bytes.writeUInt32LE(aggregate.observations, 1);
  bytes.writeDoubleLE(aggregate.firstMs, 5);
  packMetric(bytes, TEMP_OFFSET, aggregate.temp);
  packMetric(bytes, HUMIDITY_OFFSET, aggregate.humidity);
  return bytes;
}

/** @throws Error when the bytes are not an aggregate of a known version: the store holds what it must not hold. */
export function unpackAggregate(bytes: Buffer): Aggregate {
  if (bytes.length !== PACKED_AGGREGATE_BYTES || bytes[0] !== PACKED_AGGREGATE_VERSION)
    throw new Error(`not a packed aggregate of version 1: ${bytes.length} bytes, version ${bytes[0]}`);
  const aggregate = emptyAggregate();
  aggregate.observations = bytes.readUInt32LE(1);
  aggregate.firstMs = bytes.readDoubleLE(5);
  unpackMetric(bytes, TEMP_OFFSET, aggregate.temp);
  unpackMetric(bytes, HUMIDITY_OFFSET, aggregate.humidity);
  return aggregate;
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

function unpackMetric(bytes: Buffer, offset: number, metric: MetricAggregate): void {
  const count = bytes.readUInt32LE(offset);
  if (count === 0) return;
  metric.count = count;
  metric.sum = bytes.readDoubleLE(offset + 4);
  metric.sumSquares = bytes.readDoubleLE(offset + 12);
  metric.min = bytes.readInt32LE(offset + 20);
  metric.max = bytes.readInt32LE(offset + 24);
  metric.last = bytes.readInt32LE(offset + 28);
  metric.lastMs = bytes.readDoubleLE(offset + 32);
}
