import type { CsvRow } from './csv-rows.js';

/**
 * Whole seconds to add to every timestamp so that the newest lies at the target: at it if both have the same
 * fraction of a second, else less than a second before it. Whole, so that spacing stays exact.
 */
export function shiftToS(newestMs: number, targetMs: number): number {
  return Math.floor((targetMs - newestMs) / 1000);
}

/** The payload of a row: the numbers as the file has them; a shifted timestamp in Unix seconds. */
export function payloadOf(row: CsvRow, shiftS: number): string {
  const timestamp = shiftS === 0 ? row.timestamp : String((row.timestampMs + shiftS * 1000) / 1000);
  const temp = row.temp === undefined ? '' : `,"temp":${row.temp}`;
  const humidity = row.humidity === undefined ? '' : `,"humidity":${row.humidity}`;
  return `{"timestamp":${timestamp}${temp}${humidity}}`;
}
