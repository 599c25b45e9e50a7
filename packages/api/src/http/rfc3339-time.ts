import { rfc3339ToMs } from '@humtemp/bucket-core';
import { FormatRegistry, Type } from '@sinclair/typebox';

FormatRegistry.Set('date-time', (text) => rfc3339ToMs(text) !== undefined);

export const Rfc3339Time = Type.String({ format: 'date-time' });

const MINUTE_MS = 60_000;
/** Minutes whose texts are kept: an answer with many rows has many times, of few minutes. A power of 2. */
const MINUTES_KEPT = 4096;
const minutes = new Float64Array(MINUTES_KEPT).fill(Number.NaN);
const texts: string[] = new Array(MINUTES_KEPT).fill('');

/**
 * A time in Unix milliseconds as API clients read it: what Date.toISOString gives, in a fraction of the time.
 * @throws RangeError for a time that no Date has
 */
export function rfc3339Time(time: number): string {
  const ms = Math.trunc(time);
  const minute = Math.floor(ms / MINUTE_MS);
  const slot = minute & (MINUTES_KEPT - 1);
  if (minutes[slot] !== minute) {
    texts[slot] = new Date(minute * MINUTE_MS).toISOString().slice(0, -'00.000Z'.length);
    minutes[slot] = minute;
  }
  const digits = String(100_000 + ms - minute * MINUTE_MS);
  return `${texts[slot]}${digits.slice(1, 3)}.${digits.slice(3)}Z`;
}
