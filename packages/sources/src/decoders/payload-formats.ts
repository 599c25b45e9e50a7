import type { RejectionReason } from '@humtemp/bucket-core';
import { decodeBareNumber } from './bare-number.js';
import type { Decoder } from './decoder.js';
import { decodeJson } from './json.js';
import { decodeSenmlCbor, decodeSenmlJson } from './senml.js';
import { sparkplugDecoder } from './sparkplug.js';

/** What the bytes of a payload are. */
export interface PayloadFormat {
  readonly decode: Decoder;
  /** The rejection of bytes that are not of this form. */
  readonly failure: RejectionReason;
  readonly isJson?: boolean;
  /** Whether it needs the topic. */
  readonly readsTopic?: boolean;
}

export type PayloadFormatName = 'json' | 'number' | 'bytes' | 'senml' | 'senml-cbor' | 'sparkplug';

/** The formats of one source. Those that remember births remember those of this source. */
export function payloadFormats(): Record<PayloadFormatName, PayloadFormat> {
  return {
    json: { decode: decodeJson, failure: 'not_json', isJson: true },
    number: { decode: decodeBareNumber, failure: 'malformed' },
    bytes: { decode: (bytes, start, end) => bytes.subarray(start, end), failure: 'malformed' },
    senml: { decode: decodeSenmlJson, failure: 'malformed' },
    'senml-cbor': { decode: decodeSenmlCbor, failure: 'malformed' },
    sparkplug: { decode: sparkplugDecoder(), failure: 'malformed', readsTopic: true },
  };
}
