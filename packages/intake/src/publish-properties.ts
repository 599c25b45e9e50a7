/** Behind the properties of an MQTT 5 publish: their length as a variable byte integer, then that many bytes. */
export function skipProperties(bytes: Buffer, start: number, end: number): number {
  let length = 0;
  for (let i = 0, factor = 1; i < 4; i++, factor *= 128) {
    if (start + i >= end) break;
    const byte = bytes[start + i]!;
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) return start + i + 1 + length;
  }
  return end + 1;
}
