import { advertised } from './advertisement.js';

const SERVICE_DATA = 0x16;
const ENVIRONMENTAL_SENSING = 0x181a;
const ATC_LENGTH = 13;
const PVVX_LENGTH = 15;

/**
 * Xiaomi thermometers with the firmware of pvvx ("custom", 15 bytes, little endian) or ATC1441 (13 bytes, big
 * endian): a whole advertisement, or its service data with or without the id in front.
 */
export function decodePvvx(bytes: Buffer): Record<string, unknown> | undefined {
  const data = advertised(bytes, SERVICE_DATA, ENVIRONMENTAL_SENSING) ?? withoutId(bytes);
  if (data.length === ATC_LENGTH)
    return { temperature: data.readInt16BE(6) / 10, humidity: data[8]!, mac: macOf(data) };
  if (data.length !== PVVX_LENGTH) return undefined;
  return {
    temperature: data.readInt16LE(6) / 100,
    humidity: data.readUInt16LE(8) / 100,
    mac: macOf(Buffer.from(data.subarray(0, 6)).reverse()),
  };
}

function withoutId(bytes: Buffer): Buffer {
  if (bytes.length < 2 || bytes.readUInt16LE(0) !== ENVIRONMENTAL_SENSING) return bytes;
  if (bytes.length === PVVX_LENGTH + 2) return bytes.subarray(2);
  // 15 bytes are ATC's with the id only if the address is one of these thermometers'.
  const isAtc = bytes.length === ATC_LENGTH + 2 && bytes.readUIntBE(2, 3) === 0xa4c138;
  return isAtc ? bytes.subarray(2) : bytes;
}

function macOf(bytes: Buffer): string {
  return bytes.toString('hex', 0, 6).toUpperCase();
}
