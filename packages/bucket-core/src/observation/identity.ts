import { finish, mix } from './tag.js';

/**
 * The identity of an observation within its lab and hour, as one integer below 2^53: the second of the hour (12 bits)
 * and a 41-bit hash of everything that tells two observations of that second apart. With the second in front, only
 * observations of the same lab and second can collide, with a chance of 2^-41 a pair.
 */

const HASH_SPAN = 2 ** 41;
const HOUR_MS = 3_600_000;

/** The hour, in whole hours since 1970, whose set of identities an observation belongs to. */
export function identityHour(timestampMs: number): number {
  return Math.floor(timestampMs / HOUR_MS);
}

/**
 * Equal iff time, values and tag (see tag.ts) are equal. Two lanes of MurmurHash3 with different seeds.
 * @param timestampMs from 1970 on.
 */
export function identityOf(timestampMs: number, temp: number, humidity: number, tag: number): number {
  const seconds = Math.floor(timestampMs / 1000);
  // The remainder of numbers beyond 32 bits takes seven times as long.
  const ms = timestampMs - seconds * 1000;
  let high = mix(mix(mix(0x9747b28c, temp), humidity), ms);
  let low = mix(mix(mix(0x3c6ef372, humidity), temp), ms);
  if (tag !== 0) {
    const upper = Math.floor(tag / 2 ** 32);
    high = mix(mix(high, tag | 0), upper);
    low = mix(mix(low, upper), tag | 0);
  }
  const secondOfHour = seconds - identityHour(timestampMs) * 3600;
  return secondOfHour * HASH_SPAN + (finish(high) & 0x1ff) * 2 ** 32 + (finish(low) >>> 0);
}
