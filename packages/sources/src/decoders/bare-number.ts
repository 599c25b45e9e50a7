import { type DecodeContext, NOT_DECODED } from './decoder.js';
import { textOf } from './json.js';

const VALUE_BYTES_MAX = 64;
const NUMBER = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/** A value alone, such as `4.12` or `nan`: a document with the metric as its only member. */
export function decodeBareNumber(bytes: Buffer, start: number, end: number, context: DecodeContext): unknown {
  if (end - start > VALUE_BYTES_MAX || context.metric === undefined) return NOT_DECODED;
  const text = textOf(bytes, start, end)
    .trim()
    .replace(/^"(.*)"$/, '$1');
  const value = NUMBER.test(text) ? Number(text) : text;
  return context.metric === 'temp' ? { temp: value } : { humidity: value };
}
