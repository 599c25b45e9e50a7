/** Bytes of a value by its type: Cayenne LPP 1 and the types that its widely used libraries added. */
const LENGTHS = new Map<number, number>([
  [0, 1],
  [1, 1],
  [2, 2],
  [3, 2],
  [100, 4],
  [101, 2],
  [102, 1],
  [103, 2],
  [104, 1],
  [113, 6],
  [115, 2],
  [116, 2],
  [117, 2],
  [118, 4],
  [120, 1],
  [121, 2],
  [125, 2],
  [128, 2],
  [130, 4],
  [131, 4],
  [132, 2],
  [133, 4],
  [134, 6],
  [135, 3],
  [136, 9],
  [142, 1],
]);
const TEMPERATURE = 103;
const HUMIDITY = 104;

/**
 * Cayenne LPP: channel, type, value, and so on. Temperatures are `temperature_CHANNEL`, humidities
 * `relative_humidity_CHANNEL`. Undefined if a type is unknown or the last value is cut: nothing of it can be
 * relied on.
 */
export function decodeCayenneLpp(bytes: Buffer): Record<string, unknown> | undefined {
  const values: Record<string, unknown> = {};
  let at = 0;
  while (at < bytes.length) {
    const [channel, type] = [bytes[at]!, bytes[at + 1]];
    const length = type === undefined ? undefined : LENGTHS.get(type);
    if (length === undefined || at + 2 + length > bytes.length) return undefined;
    if (type === TEMPERATURE) values[`temperature_${channel}`] = bytes.readInt16BE(at + 2) / 10;
    if (type === HUMIDITY) values[`relative_humidity_${channel}`] = bytes[at + 2]! / 2;
    at += 2 + length;
  }
  return bytes.length === 0 ? undefined : values;
}
