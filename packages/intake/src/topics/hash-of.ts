/** Odd, with bits everywhere, as MurmurHash3 has it: topics differ in few bits. */
const MULTIPLIER = 0x85ebca6b;

/** A hash of bytes, 32 bits. Four bytes at a time: each multiplication waits for the one before. */
export function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = end - start;
  let i = start;
  for (; i + 3 < end; i += 4) {
    const four = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    hash = Math.imul(hash ^ four, MULTIPLIER);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, MULTIPLIER);
  hash = Math.imul(hash ^ (hash >>> 15), MULTIPLIER);
  return hash ^ (hash >>> 16);
}
