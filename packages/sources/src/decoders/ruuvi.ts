import { advertised } from './advertisement.js';

const MANUFACTURER_DATA = 0xff;
const RUUVI = 0x0499;
const RAW_V2 = 5;
const LENGTH = 24;

/**
 * Ruuvi RAWv2 (format 5): a whole advertisement, its manufacturer data, or the data behind the manufacturer's
 * id.
 */
export function decodeRuuvi(bytes: Buffer): Record<string, unknown> | undefined {
  const data = advertised(bytes, MANUFACTURER_DATA, RUUVI) ?? withoutId(bytes);
  if (data[0] !== RAW_V2 || data.length < LENGTH) return undefined;
  const temperature = data.readInt16BE(1);
  const humidity = data.readUInt16BE(3);
  return {
    // The values that mean "not available".
    temperature: temperature === -32768 ? null : (temperature * 5) / 1000,
    humidity: humidity === 65535 ? null : (humidity * 25) / 10_000,
    mac: data.toString('hex', 18, 24).toUpperCase(),
  };
}

function withoutId(bytes: Buffer): Buffer {
  return bytes.length >= 2 && bytes.readUInt16LE(0) === RUUVI ? bytes.subarray(2) : bytes;
}
