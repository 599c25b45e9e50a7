/**
 * The identity of an observation within its lab and hour, as one integer below 2^53: the second of the hour (12 bits)
 * and a 41-bit hash of everything that tells two observations of that second apart. Integers keep Redis' sets of
 * identities compact; with the second in front, only observations of the same lab and second can collide, with a
 * chance of 2^-41 a pair.
 */

const HASH_SPAN = 2 ** 41;
const HOUR_MS = 3_600_000;

/** The hour, in whole hours since 1970, whose set of identities an observation belongs to. */
export function identityHour(timestampMs: number): number {
  return Math.floor(timestampMs / HOUR_MS);
}

/** Identity of an observation that says when it was measured: equal iff sensor, time and values are equal. */
export function identityOf(timestampMs: number, temp: number, humidity: number, sensor: string): number {
  return fold(timestampMs, temp, humidity, timestampMs % 1000, sensor);
}

/**
 * Identity of an observation without a timestamp: never equal to another's, so nothing is deduplicated but a repeat
 * of its own commit. `process` and `serial` together name the observation.
 */
export function identityOfReceipt(timestampMs: number, process: number, serial: number): number {
  return fold(timestampMs, process, serial | 0, Math.floor(serial / 2 ** 32) ^ 0x5bd1e995, '');
}

/** Two lanes of MurmurHash3 (x86, 32 bits) with different seeds, 9 bits of one above 32 of the other. */
function fold(timestampMs: number, a: number, b: number, c: number, sensor: string): number {
  let high = 0x9747b28c;
  let low = 0x3c6ef372;
  high = mix(high, a);
  low = mix(low, b);
  high = mix(high, b);
  low = mix(low, a);
  high = mix(high, c);
  low = mix(low, c);
  for (let i = 0; i < sensor.length; i++) {
    const code = sensor.charCodeAt(i);
    high = mix(high, code);
    low = mix(low, code + i);
  }
  const secondOfHour = Math.floor(timestampMs / 1000) - identityHour(timestampMs) * 3600;
  return secondOfHour * HASH_SPAN + (finish(high) & 0x1ff) * 2 ** 32 + (finish(low) >>> 0);
}

function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const h = hash ^ Math.imul(k, 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
