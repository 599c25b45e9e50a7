/**
 * Headers of MQTT control packets, which are the same in 3.1.1 and 5: a byte of type and flags, then the
 * remaining length in one to four bytes of seven bits, least significant first [MQTT-2.2.3].
 */

export const CONNECT = 1;
export const PUBLISH = 3;
export const PINGREQ = 12;
export const PINGRESP = 13;
export const DISCONNECT = 14;

/** The longest fixed header. */
export const HEADER_BYTES_MAX = 5;

/** The largest remaining length that four bytes can say. */
export const REMAINING_LENGTH_MAX = 268_435_455;

/** The header is not complete within the given bytes. */
export const INCOMPLETE = -1;
/** A fifth byte of remaining length: no MQTT packet. */
export const MALFORMED = -2;

/**
 * Length of the whole frame whose header starts at `at`, or INCOMPLETE, or MALFORMED.
 * @param end where the bytes read so far end.
 */
export function frameLength(bytes: Uint8Array, at: number, end: number): number {
  let remaining = 0;
  for (let i = 1, factor = 1; i < HEADER_BYTES_MAX; i++, factor *= 128) {
    if (at + i >= end) return INCOMPLETE;
    const byte = bytes[at + i]!;
    remaining += (byte & 0x7f) * factor;
    if (byte < 0x80) return 1 + i + remaining;
  }
  return MALFORMED;
}

/** Where the body of a complete frame starts: behind its remaining length. */
export function bodyStart(bytes: Uint8Array, at: number): number {
  let i = at + 1;
  while (bytes[i]! >= 0x80) i++;
  return i + 1;
}
