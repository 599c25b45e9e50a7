import { createReadStream } from 'node:fs';
import { isLabId, rfc3339ToMs, timestampToMs } from '@humtemp/bucket-core';
import { CsvError, parse } from 'csv-parse';
import { StartError } from '../../start-error.js';

/** One row of a CSV file. Numbers are JSON texts, so that they leave as they were written. */
export interface CsvRow {
  /** Line of the file, from 1. */
  readonly line: number;
  readonly lab: string;
  /** Unix milliseconds. */
  readonly timestampMs: number;
  /** JSON of the timestamp: a number of Unix seconds, or a string in RFC 3339. */
  readonly timestamp: string;
  /** JSON number; undefined: the cell is empty. */
  readonly temp: string | undefined;
  readonly humidity: string | undefined;
}

const COLUMNS = ['lab_id', 'timestamp', 'temp', 'humidity'] as const;
type Column = (typeof COLUMNS)[number];

/** No field of ours is longer; more means an open quote that swallows the file. */
const RECORD_BYTES_MAX = 65_536;

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/**
 * Reads the rows of a CSV file with the header lab_id, timestamp, temp, humidity; the columns may stand in
 * any order, further ones are ignored. The file is streamed: its size does not matter.
 * @throws StartError for a file that cannot be read and for a bad row, naming its line and what was expected.
 */
export async function* csvRows(file: string): AsyncGenerator<CsvRow, void, void> {
  const parser = parse({
    bom: true,
    info: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: RECORD_BYTES_MAX,
  });
  const source = createReadStream(file);
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    let positions: Readonly<Record<Column, number>> | undefined;
    let cells = 0;
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      if (positions === undefined) {
        positions = columnPositions(file, record);
        cells = record.length;
        continue;
      }
      // A decimal comma would move values into the wrong columns.
      if (record.length > cells)
        throw new StartError(
          `${file} line ${info.lines}: expected ${cells} cells as in the header, found ${record.length}`,
        );
      yield rowOf(file, info.lines, record, positions);
    }
    if (positions === undefined)
      throw new StartError(`${file} is empty; expected the header ${COLUMNS.join(',')}`);
  } catch (error) {
    throw readableError(file, error);
  } finally {
    source.destroy();
  }
}

function columnPositions(file: string, header: readonly string[]): Record<Column, number> {
  const positions = {} as Record<Column, number>;
  for (const column of COLUMNS) {
    positions[column] = header.indexOf(column);
    if (positions[column] < 0)
      throw new StartError(
        `${file} line 1: expected a header with the columns ${COLUMNS.join(',')}, but ${column} is missing`,
      );
  }
  return positions;
}

function rowOf(
  file: string,
  line: number,
  record: readonly string[],
  positions: Readonly<Record<Column, number>>,
): CsvRow {
  const bad = (column: Column, expected: string): StartError => {
    const text = record[positions[column]];
    const found = text === undefined ? 'the row ends before it' : JSON.stringify(text.slice(0, 60));
    return new StartError(`${file} line ${line}: ${column}: expected ${expected}, found ${found}`);
  };
  const value = (column: 'temp' | 'humidity'): string | undefined => {
    const text = record[positions[column]];
    if (text === '') return undefined;
    const json = text === undefined ? undefined : jsonNumber(text);
    if (json === undefined) throw bad(column, 'a number such as 21.53');
    return json;
  };

  const lab = record[positions.lab_id] ?? '';
  if (!isLabId(lab)) throw bad('lab_id', '1 to 200 characters of A-Z a-z 0-9 / _ - .');

  const timestampText = record[positions.timestamp] ?? '';
  const seconds = jsonNumber(timestampText);
  const timestampMs = seconds === undefined ? rfc3339ToMs(timestampText) : timestampToMs(Number(seconds));
  if (timestampMs === undefined)
    throw bad('timestamp', 'Unix seconds such as 1790000000 or a time such as 2026-09-21T14:13:20Z');

  const temp = value('temp');
  const humidity = value('humidity');
  if (temp === undefined && humidity === undefined) throw bad('temp', 'a number here or in humidity');
  return {
    line,
    lab,
    timestampMs,
    timestamp: seconds ?? JSON.stringify(timestampText),
    temp,
    humidity,
  };
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i;

/**
 * A decimal number as JSON: as it was written where JSON knows that form, else (`+1`, `.5`, `007`) equal in
 * value.
 */
function jsonNumber(text: string): string | undefined {
  if (!DECIMAL.test(text) || !Number.isFinite(Number(text))) return undefined;
  return JSON_NUMBER.test(text) ? text : String(Number(text));
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
};

function readableError(file: string, error: unknown): unknown {
  if (error instanceof CsvError) return new StartError(`${file}: ${error.message}`, { cause: error });
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined || code === undefined) return error;
  return new StartError(`cannot read ${file}: ${FILE_ERRORS[code] ?? message}`, { cause: error });
}
