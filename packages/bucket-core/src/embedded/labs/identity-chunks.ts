/**
 * Identities of a lab's hour as a table has them: chunks, each of those that were saved together, with its own expiry.
 *
 *     u32 number, u32 zero, f64 expiry in Unix seconds, then the identities, f64, sorted
 */
const HEAD_BYTES = 16;

export function packChunk(expiryS: number, identities: readonly number[]): Buffer {
  const values = new Float64Array(HEAD_BYTES / 8 + identities.length);
  values.set(identities, HEAD_BYTES / 8);
  values.subarray(HEAD_BYTES / 8).sort();
  const bytes = Buffer.from(values.buffer);
  bytes.writeUInt32LE(identities.length, 0);
  bytes.writeDoubleLE(expiryS, 8);
  return bytes;
}

/** How many identities a value has that have not expired. */
export function countIdentities(value: Buffer, nowMs: number): number {
  let count = 0;
  for (const { length, expiryS } of chunksOf(value)) if (expiryS * 1000 > nowMs) count += length;
  return count;
}

/** Copies the identities of a value from `low` up to `high` that have not expired. */
export function copyIdentities(value: Buffer, low: number, high: number, nowMs: number, to: number[]): void {
  for (const { start, length, expiryS } of chunksOf(value)) {
    if (expiryS * 1000 <= nowMs) continue;
    const at = (i: number) => value.readDoubleLE(start + HEAD_BYTES + i * 8);
    let from = 0;
    for (let end = length; from < end; ) {
      const middle = (from + end) >> 1;
      if (at(middle) < low) from = middle + 1;
      else end = middle;
    }
    for (let i = from; i < length && at(i) <= high; i++) to.push(at(i));
  }
}

/** The chunks of a value that have not expired, as they are. */
export function liveChunks(value: Buffer, nowMs: number): Buffer {
  const live: Buffer[] = [];
  for (const { start, length, expiryS } of chunksOf(value))
    if (expiryS * 1000 > nowMs) live.push(value.subarray(start, start + HEAD_BYTES + length * 8));
  return live.length === 1 ? live[0]! : Buffer.concat(live);
}

function* chunksOf(value: Buffer): Generator<{ start: number; length: number; expiryS: number }> {
  for (let start = 0; start < value.length; ) {
    const length = value.readUInt32LE(start);
    yield { start, length, expiryS: value.readDoubleLE(start + 8) };
    start += HEAD_BYTES + length * 8;
  }
}
