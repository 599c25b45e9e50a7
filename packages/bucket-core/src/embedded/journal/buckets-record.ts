import { packAggregate, unpackAggregate } from '../../aggregate/packed-aggregate.js';
import type { StoredBucket } from '../../store/bucket-restore.js';

/**
 * Restored buckets as the journal keeps them, one after the other, little-endian:
 *
 *     u8 bytes of the lab id, u32 bytes of the aggregate, f64 duration, f64 start, lab id, packed aggregate
 */
const HEAD_BYTES = 21;

export function encodeBuckets(buckets: readonly StoredBucket[]): Buffer {
  const parts: Buffer[] = [];
  for (const { lab, durationS, startS, aggregate } of buckets) {
    const name = Buffer.from(lab, 'latin1');
    const packed = packAggregate(aggregate);
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt8(name.length, 0);
    head.writeUInt32LE(packed.length, 1);
    head.writeDoubleLE(durationS, 5);
    head.writeDoubleLE(startS, 13);
    parts.push(head, name, packed);
  }
  return Buffer.concat(parts);
}

/** Of bytes whose checksum was right. */
export function decodeBuckets(bytes: Buffer): StoredBucket[] {
  const buckets: StoredBucket[] = [];
  for (let at = 0; at < bytes.length; ) {
    const nameAt = at + HEAD_BYTES;
    const packedAt = nameAt + bytes.readUInt8(at);
    const end = packedAt + bytes.readUInt32LE(at + 1);
    buckets.push({
      lab: bytes.toString('latin1', nameAt, packedAt),
      durationS: bytes.readDoubleLE(at + 5),
      startS: bytes.readDoubleLE(at + 13),
      aggregate: unpackAggregate(bytes.subarray(packedAt, end)),
    });
    at = end;
  }
  return buckets;
}
