import { Type } from '@sinclair/typebox';
import type { Context } from 'hono';
import { acceptedType } from '../http/negotiation.js';
import { type CsvColumn, csvFormat } from './row-format.js';

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
  if (format !== undefined) return format === 'csv';
  return acceptedType(c.req.header('accept'), ['application/json', 'text/csv']) === 'text/csv';
}

/** Rows as one CSV text. */
export function csvAnswer<Row>(
  c: Context,
  columns: readonly CsvColumn<Row>[],
  rows: readonly Row[],
): Response {
  const { begin, row } = csvFormat(columns);
  return c.body(begin + rows.map(row).join(''), 200, { 'content-type': CSV_TYPE });
}
