/** How rows are written: what stands before all of them, each one, what stands between two, and after the last. */
export interface RowFormat<Row> {
  readonly begin: string;
  readonly between: string;
  readonly end: string;
  row(row: Row): string;
}

/** One JSON document: the head's members, and one more, an array of the rows. */
export function jsonFormat<Row>(head: object, member: string): RowFormat<Row> {
  const members = JSON.stringify(head).slice(0, -1);
  const begin = `${members}${members === '{' ? '' : ','}${JSON.stringify(member)}:[`;
  return { begin, between: ',', end: ']}', row: (row) => JSON.stringify(row) };
}

/** One JSON document in each line. */
export function ndjsonFormat<Row>(): RowFormat<Row> {
  return { begin: '', between: '', end: '', row: (row) => `${JSON.stringify(row)}\n` };
}

export type CsvValue = string | number | boolean | null | undefined;

/** A column of a CSV table: its name, and what a row has in it. */
export type CsvColumn<Row> = readonly [name: string, value: (row: Row) => CsvValue];

/**
 * RFC 4180, with a header line; empty where there is no data.
 * @param linesOf a row that is several lines, such as a series.
 */
export function csvFormat<Line, Row = Line>(
  columns: readonly CsvColumn<Line>[],
  linesOf: (row: Row) => readonly Line[] = (row) => [row as unknown as Line],
): RowFormat<Row> {
  const line = (one: Line) => `${columns.map(([, value]) => csvField(value(one))).join(',')}\r\n`;
  return {
    begin: `${columns.map(([name]) => name).join(',')}\r\n`,
    between: '',
    end: '',
    row: (row) => linesOf(row).map(line).join(''),
  };
}

/** A text that a spreadsheet takes for a formula has an apostrophe in front. */
function csvField(value: CsvValue): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
