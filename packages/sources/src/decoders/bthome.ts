import { advertised } from './advertisement.js';

const SERVICE_DATA = 0x16;
const BTHOME = 0xfcd2;
const ENCRYPTED = 0x01;
const VERSION_2 = 2;

/** Bytes of an object by its id (bthome.io, format version 2). */
const LENGTHS = new Map<number, number>();
const lengths = (length: number, ...ids: number[]) => {
  for (const id of ids) LENGTHS.set(id, length);
};
const span = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
lengths(1, 0x00, 0x01, 0x09, ...span(0x0f, 0x11), ...span(0x15, 0x2f), 0x3a, 0x46, 0x57, 0x58, 0x59, 0x60);
lengths(2, 0x02, 0x03, 0x06, 0x07, 0x08, 0x0c, 0x0d, 0x0e, 0x12, 0x13, 0x14, 0x3c, 0x3d, 0x3f, 0x40, 0x41);
lengths(2, 0x43, 0x44, 0x45, 0x47, 0x48, 0x49, 0x4a, 0x51, 0x52, 0x56, 0x5a, 0x5d, 0x5e, 0x5f, 0x61, 0xf0);
lengths(3, 0x04, 0x05, 0x0a, 0x0b, 0x42, 0x4b, 0xf2);
lengths(4, 0x3e, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x55, 0x5b, 0x5c, 0x62, 0x63, 0xf1);

/**
 * BTHome version 2, not encrypted: a whole advertisement, or its service data with or without the id in
 * front. The second temperature of a device is `temperature_2`. An unknown object ends it, as the format
 * says: newer ones come last.
 */
export function decodeBthome(bytes: Buffer): Record<string, unknown> | undefined {
  const data = advertised(bytes, SERVICE_DATA, BTHOME) ?? withoutId(bytes);
  const information = data[0];
  if (information === undefined || information & ENCRYPTED || information >> 5 !== VERSION_2)
    return undefined;
  const values: Record<string, unknown> = {};
  let at = 1;
  while (at < data.length) {
    const id = data[at]!;
    const length = id === 0x53 || id === 0x54 ? 1 + (data[at + 1] ?? 0) : LENGTHS.get(id);
    if (length === undefined) break;
    if (at + 1 + length > data.length) return undefined;
    const value = at + 1;
    if (id === 0x02) add(values, 'temperature', data.readInt16LE(value) / 100);
    else if (id === 0x45) add(values, 'temperature', data.readInt16LE(value) / 10);
    else if (id === 0x57) add(values, 'temperature', data.readInt8(value));
    else if (id === 0x58) add(values, 'temperature', (data.readInt8(value) * 35) / 100);
    else if (id === 0x03) add(values, 'humidity', data.readUInt16LE(value) / 100);
    else if (id === 0x2e) add(values, 'humidity', data[value]!);
    at = value + length;
  }
  return values;
}

function add(values: Record<string, unknown>, name: string, value: number): void {
  let key = name;
  for (let n = 2; key in values; n++) key = `${name}_${n}`;
  values[key] = value;
}

function withoutId(bytes: Buffer): Buffer {
  return bytes.length >= 2 && bytes.readUInt16LE(0) === BTHOME ? bytes.subarray(2) : bytes;
}
