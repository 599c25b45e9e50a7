import { rfc3339ToMs } from '@humtemp/bucket-core';
import { IsoTime, isoToMs } from './iso-time.js';
import { localToMs, zoneOf } from './local-time.js';

/** How a timestamp is written: what reads a number, and what reads a text. */
export interface TimeFormats {
  /** Milliseconds in one unit of a number; undefined: a number is no timestamp. */
  readonly numberMs: number | undefined;
  readonly rfc3339: boolean;
  /** IANA name of the zone in which a text without zone is meant. */
  readonly zone: string | undefined;
}

export const TIME_FORMATS_EXPECTED = 's, ms, rfc3339 or local ZONE, such as local Europe/Berlin';

/** @throws RangeError that says what was expected. */
export function parseTimeFormats(texts: readonly string[]): TimeFormats {
  let numberMs: number | undefined;
  let rfc3339 = false;
  let zone: string | undefined;
  for (const text of texts) {
    const [word, name, ...more] = text.trim().split(/\s+/);
    if (word === 'local' && name !== undefined && more.length === 0) zone = zoneOf(name);
    else if (word === 'rfc3339' && name === undefined) rfc3339 = true;
    else if ((word === 's' || word === 'ms') && name === undefined) {
      if (numberMs !== undefined) throw new RangeError('a number is in s or in ms: one of the two');
      numberMs = word === 's' ? 1000 : 1;
    } else throw new RangeError(`"${text}": ${TIME_FORMATS_EXPECTED}`);
  }
  return { numberMs, rfc3339, zone };
}

/** Milliseconds of the end of the year 9999. */
const MS_MAX = 253_402_300_799_999;
/**
 * Before 2015 no clock was right: a device without a clock counts from 1970, from 2000, or from its start.
 */
const MS_MIN = 1_420_070_400_000;

const NUMBER = /^[0-9]{1,15}(?:\.[0-9]{1,9})?$/;
// As RFC 3339, but a zone may lack its colon or its minutes.
const WITH_ZONE = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,20})?)(?:([+-]\d\d):?(\d\d)?|Z)$/i;

/**
 * Unix milliseconds of a timestamp; undefined if it is none of the formats, or was written by a clock that is
 * not set.
 */
export function timestampMs(value: unknown, formats: TimeFormats, nowMs: number): number | undefined {
  const ms = readMs(value, formats, nowMs);
  return ms !== undefined && ms >= MS_MIN && ms <= MS_MAX ? ms : undefined;
}

function readMs(value: unknown, formats: TimeFormats, nowMs: number): number | undefined {
  if (value instanceof IsoTime) return value.ms;
  if (typeof value === 'number')
    return formats.numberMs === undefined ? undefined : Math.round(value * formats.numberMs);
  if (typeof value !== 'string') return undefined;
  if (formats.rfc3339) {
    const ms = isoToMs(value);
    if (!Number.isNaN(ms)) return ms;
  }
  const text = value.trim();
  if (formats.numberMs !== undefined && NUMBER.test(text)) return Math.round(Number(text) * formats.numberMs);
  if (formats.rfc3339) {
    const match = WITH_ZONE.exec(text);
    if (match !== null) {
      const [, moment, hours, minutes = '00'] = match;
      return rfc3339ToMs(`${moment}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`);
    }
  }
  return formats.zone === undefined ? undefined : localToMs(text, formats.zone, nowMs);
}
