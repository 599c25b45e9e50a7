/**
 * What tells apart two observations of the same lab, moment and values, as one integer below 2^40. Time, values and
 * tag together are an observation's identity:
 *
 *     0               it says when it was measured, and names no sensor
 *     1 … 2^39 − 1    it says when it was measured; a 38-bit hash of the sensor's name
 *     2^39 … 2^40 − 1 it does not say when it was measured: a process never gives the same twice
 */
export const RECEIPT_TAG_MIN = 2 ** 39;

/** The tag of an observation that says when it was measured. */
export function sensorTag(sensor: string): number {
  if (sensor === '') return 0;
  let high = 0x9747b28c;
  let low = 0x3c6ef372;
  for (let i = 0; i < sensor.length; i++) {
    const code = sensor.charCodeAt(i);
    high = mix(high, code);
    low = mix(low, code + i);
  }
  return 1 + (finish(high) & 0x3f) * 2 ** 32 + (finish(low) >>> 0);
}

/** The tag of an observation without a timestamp: `serial` numbers those of a process, which has a random name. */
export function receiptTag(process: number, serial: number): number {
  const first =
    (finish(mix(0x9747b28c, process)) & 0x7f) * 2 ** 32 + (finish(mix(0x3c6ef372, process)) >>> 0);
  return RECEIPT_TAG_MIN + ((first + serial) % RECEIPT_TAG_MIN);
}

/** A step of MurmurHash3 (x86, 32 bits). */
export function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const h = hash ^ Math.imul(k, 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** The last step of MurmurHash3 (x86, 32 bits). */
export function finish(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
