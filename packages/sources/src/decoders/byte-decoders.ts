import { decodeBthome } from './bthome.js';
import { decodeCayenneLpp } from './cayenne-lpp.js';
import { decodePvvx } from './pvvx.js';
import { decodeRuuvi } from './ruuvi.js';

/** What small fixed formats of bytes decode to: an object of values, or undefined. */
export type ByteDecoder = (bytes: Buffer) => Readonly<Record<string, unknown>> | undefined;

export const BYTE_DECODERS = {
  bthome: decodeBthome,
  'ruuvi-rawv2': decodeRuuvi,
  pvvx: decodePvvx,
  'cayenne-lpp': decodeCayenneLpp,
} as const satisfies Record<string, ByteDecoder>;

/** Bytes beyond which no such format goes. */
const BYTES_MAX = 1024;

/**
 * The bytes that a text writes, or undefined. Blanks, colons and dashes between hexadecimal digits are
 * harmless.
 */
export function bytesOfText(text: unknown, encoding: 'hex' | 'base64'): Buffer | undefined {
  if (typeof text !== 'string' || text.length > BYTES_MAX * 3) return undefined;
  if (encoding === 'base64')
    return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  const digits = text.replace(/^0x/i, '').replace(/[\s:-]/g, '');
  return digits.length % 2 === 0 && /^[0-9a-f]+$/i.test(digits) ? Buffer.from(digits, 'hex') : undefined;
}
