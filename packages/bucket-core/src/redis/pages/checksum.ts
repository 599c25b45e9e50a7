import { finish, mix } from '../../observation/tag.js';

/**
 * MurmurHash3 (x86, 32 bits) of bytes: tells damaged values from whole ones.
 * @param kind what stands in front of the bytes and says how to read them, 0 to 255: another one is damage, too
 */
export function checksum(bytes: Buffer, from: number, to: number, kind: number): number {
  let hash = (kind << 24) ^ (to - from);
  let at = from;
  for (; at + 4 <= to; at += 4)
    hash = mix(hash, bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
  for (; at < to; at++) hash = mix(hash, bytes[at]!);
  return finish(hash) >>> 0;
}
