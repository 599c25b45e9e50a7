import { setImmediate as nextTurn } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import type { Context } from 'hono';
import { acceptedType } from '../http/negotiation.js';
import { type CsvColumn, csvFormat } from './row-format.js';

/** Rows written before everything else has a turn. */
const ROWS_AT_ONCE = 5000;

export const CSV_TYPE = 'text/csv; charset=utf-8; header=present';

/** The query parameter `format` of a route whose answer is bounded, as JSON or a table. */
export const JsonOrCsvParameter = {
  format: Type.Optional(
    Type.Union([Type.Literal('json'), Type.Literal('csv')], {
      description: 'json or csv; it goes before the header Accept',
    }),
  ),
};

/** Whether a client wants a table: it says so, or prefers it by its Accept. Whoever takes neither gets JSON, as ever. */
export function wantsCsv(c: Context, format: 'json' | 'csv' | undefined): boolean {
  c.header('vary', 'Accept', { append: true });
  if (format !== undefined) return format === 'csv';
  return acceptedType(c.req.header('accept'), ['application/json', 'text/csv']) === 'text/csv';
}

/** Rows as one CSV text, written some at a time. */
export async function csvAnswer<Row>(
  c: Context,
  columns: readonly CsvColumn<Row>[],
  rows: readonly Row[],
): Promise<Response> {
  const { begin, row } = csvFormat(columns);
  let text = begin;
  for (let i = 0; i < rows.length; i += ROWS_AT_ONCE) {
    text += rows
      .slice(i, i + ROWS_AT_ONCE)
      .map(row)
      .join('');
    if (i + ROWS_AT_ONCE < rows.length) await nextTurn();
  }
  return c.body(text, 200, { 'content-type': CSV_TYPE });
}
