import type { IntervalSummary } from '../summary/interval-summary.js';

/** One lab's summary of a bucket, as a row of an answer. */
export interface BucketRow extends IntervalSummary {
  readonly lab_id: string;
}

/** How rows are written: what stands before all of them, each one, what stands between two, and after the last. */
export interface RowFormat {
  readonly begin: string;
  readonly between: string;
  readonly end: string;
  row(row: BucketRow): string;
}

/** One JSON document: the head's members, and `buckets` with the rows. */
export function jsonFormat(head: object): RowFormat {
  const begin = `${JSON.stringify(head).slice(0, -1)},"buckets":[`;
  return { begin, between: ',', end: ']}', row: (row) => JSON.stringify(row) };
}

/** One JSON document in each line. */
export const NDJSON_FORMAT: RowFormat = {
  begin: '',
  between: '',
  end: '',
  row: (row) => `${JSON.stringify(row)}\n`,
};

const METRIC_COLUMNS = ['count', 'avg', 'min', 'max', 'stddev', 'p05', 'p50', 'p95', 'in_range'] as const;
const COLUMNS = ['lab_id', 'start', 'end', 'observations', 'first', 'last', 'complete', 'coverage'] as const;

/** RFC 4180, with a header line; empty where there is no data. No value needs quotes: see LAB_ID_PATTERN. */
export const CSV_FORMAT: RowFormat = {
  begin: `${[
    ...COLUMNS,
    ...METRIC_COLUMNS.map((column) => `temp_${column}`),
    ...METRIC_COLUMNS.map((column) => `humidity_${column}`),
  ].join(',')}\r\n`,
  between: '',
  end: '',
  row: (row) => {
    const values = [
      ...COLUMNS.map((column) => row[column]),
      ...METRIC_COLUMNS.map((column) => row.temp?.[column]),
      ...METRIC_COLUMNS.map((column) => row.humidity?.[column]),
    ];
    return `${values.map((value) => value ?? '').join(',')}\r\n`;
  },
};
