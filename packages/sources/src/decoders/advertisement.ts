/**
 * The data of one kind within a Bluetooth advertisement: a row of length, type, data [Core Specification,
 * vol. 3 part C §11].
 * @param type 0x16: service data; 0xff: manufacturer data. @param id its first two bytes, little endian.
 * @returns what follows the id; undefined if it is no advertisement, or has none of it.
 */
export function advertised(bytes: Buffer, type: number, id: number): Buffer | undefined {
  let found: Buffer | undefined;
  let at = 0;
  while (at < bytes.length) {
    const length = bytes[at]!;
    // Zeros fill what remains.
    if (length === 0) break;
    if (at + 1 + length > bytes.length) return undefined;
    if (bytes[at + 1] === type && length >= 3 && bytes.readUInt16LE(at + 2) === id)
      found ??= bytes.subarray(at + 4, at + 1 + length);
    at += 1 + length;
  }
  return found;
}
