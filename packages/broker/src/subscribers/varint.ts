/** Bytes of a variable byte integer: seven bits each, least significant first [MQTT-2.2.3]. */
export function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

/** @returns where the next byte stands. */
export function writeVarint(value: number, into: Buffer, at: number): number {
  let to = at;
  let left = value;
  do {
    into[to++] = (left & 0x7f) | (left > 0x7f ? 0x80 : 0);
    left >>= 7;
  } while (left > 0);
  return to;
}
