import { finish, mix } from '../../observation/tag.js';
import { wholeViewOf } from './whole-view.js';

/**
 * MurmurHash3 (x86, 32 bits) of bytes: tells damaged values from whole ones.
 * @param kind what stands in front of the bytes and says how to read them, 0 to 255: another one is damage, too
 */
export function checksum(bytes: Buffer, from: number, to: number, kind: number): number {
  const view = wholeViewOf(bytes);
  let hash = (kind << 24) ^ (to - from);
  let at = bytes.byteOffset + from;
  const end = bytes.byteOffset + to;
  for (; at + 4 <= end; at += 4) hash = mix(hash, view.getInt32(at, true));
  for (; at < end; at++) hash = mix(hash, view.getUint8(at));
  return finish(hash) >>> 0;
}
