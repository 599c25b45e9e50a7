import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { deviceTimeToMs, rfc3339ToMs } from '@humtemp/bucket-core';
import { CsvError, parse } from 'csv-parse';
import { StartError } from '../../start-error.js';
import {
  type Column,
  type Columns,
  type CsvForm,
  celsius,
  columnsOf,
  isHeader,
  labOf,
  metricOf,
  separatorOf,
  TIME_UNITS,
} from './csv-form.js';

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

/** No field of ours is longer; more means an open quote that swallows the file. */
const RECORD_BYTES_MAX = 65_536;

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/**
 * Reads the rows of a CSV file with the columns lab_id, timestamp, temp, humidity, in any order, or of the form that is given;
 * further columns are ignored, and so are lines that begin with #. The file is streamed: its size does not matter.
 * @param onSkipped called for each row that is about something else, where a file has one value in each row
 * @throws StartError for a file that cannot be read and for a bad row, naming its line and what was expected.
 */
export async function* csvRows(
  file: string,
  form: CsvForm = {},
  onSkipped: () => void = () => {},
): AsyncGenerator<CsvRow, void, void> {
  let source: ReturnType<typeof createReadStream> | undefined;
  try {
    const separator = separatorOf(await headerLine(file));
    const parser = parse({
      bom: true,
      info: true,
      trim: separator !== '\t',
      comment: '#',
      comment_no_infix: true,
      delimiter: separator,
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: RECORD_BYTES_MAX,
    });
    source = createReadStream(file);
    source.on('error', (error) => parser.destroy(error));
    source.pipe(parser);
    let reader: RowReader | undefined;
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      if (reader === undefined || isHeader(record)) {
        reader = readerOf(file, info.lines, record, form, separator !== ',');
        continue;
      }
      const row = reader.rowOf(info.lines, record);
      if (row === undefined) onSkipped();
      else yield row;
    }
    if (reader === undefined)
      throw new StartError(`${file} is empty; expected the header lab_id,timestamp,temp,humidity`);
  } catch (error) {
    throw readableError(file, error);
  } finally {
    source?.destroy();
  }
}

/** The first line that is neither empty nor a comment, as far as a header is long. */
async function headerLine(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(RECORD_BYTES_MAX), 0, RECORD_BYTES_MAX, 0);
    const lines = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/);
    return lines.find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  } finally {
    await handle.close();
  }
}

function readerOf(
  file: string,
  line: number,
  header: readonly string[],
  form: CsvForm,
  mayHaveCommas: boolean,
): RowReader {
  try {
    return new RowReader(file, header.length, columnsOf(header, form), form, mayHaveCommas);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StartError(`${file} line ${line}: ${error.message}`, { cause: error });
  }
}

/** Reads the rows below one header. */
class RowReader {
  constructor(
    readonly file: string,
    readonly cells: number,
    readonly columns: Columns,
    readonly form: CsvForm,
    /** Decimal commas. */
    readonly mayHaveCommas: boolean,
  ) {}

  /** Undefined: a row about something else. @throws StartError */
  rowOf(line: number, record: readonly string[]): CsvRow | undefined {
    const { places, hasIds, isHomeAssistant } = this.columns;
    // A decimal comma would move values into the wrong columns.
    if (record.length > this.cells)
      throw new StartError(
        `${this.file} line ${line}: expected ${this.cells} cells as in the header, found ${record.length}`,
      );
    const isLong = places.value !== undefined && (places.metric !== undefined || isHomeAssistant);
    const about = isLong
      ? metricOf(record[(isHomeAssistant ? places.lab_id : places.metric)!] ?? '')
      : undefined;
    if (isLong && (about === undefined || (isHomeAssistant && about.lab === ''))) return undefined;
    if (isLong && this.#number(record[places.value!]) === undefined) return undefined;
    const named = isHomeAssistant ? about!.lab : this.form.lab;
    const lab = named === undefined ? labOf(record[places.lab_id!] ?? '', hasIds) : labOf(named, false);
    if (lab === undefined)
      throw this.#bad(line, record, 'lab_id', '1 to 200 characters of A-Z a-z 0-9 / _ - .');
    const { timestampMs, timestamp } = this.#timestamp(line, record);
    const column = (metric: 'temp' | 'humidity') =>
      isLong ? (about!.metric === metric ? 'value' : undefined) : metric;
    const temp = this.#value(line, record, column('temp'));
    const humidity = this.#value(line, record, column('humidity'));
    if (temp === undefined && humidity === undefined)
      throw this.#bad(
        line,
        record,
        places.temp === undefined ? 'humidity' : 'temp',
        'a number here or in humidity',
      );
    return {
      line,
      lab,
      timestampMs,
      timestamp,
      temp: temp === undefined ? undefined : celsius(temp, this.form.unit),
      humidity,
    };
  }

  #value(line: number, record: readonly string[], column: Column | undefined): string | undefined {
    const place = column && this.columns.places[column];
    if (column === undefined || place === undefined || record[place] === '') return undefined;
    const json = this.#number(record[place]);
    if (json === undefined) throw this.#bad(line, record, column, 'a number such as 21.53');
    return json;
  }

  #timestamp(line: number, record: readonly string[]): { timestampMs: number; timestamp: string } {
    const text = record[this.columns.places.timestamp!] ?? '';
    const { timeUnit } = this.form;
    const number = this.#number(text);
    if (number !== undefined) {
      const seconds = timeUnit === undefined ? number : String(Number(number) / TIME_UNITS[timeUnit]);
      const ms = timeUnit === undefined ? deviceTimeToMs(Number(number)) : deviceTimeToMs(Number(seconds));
      const isSeconds = ms !== undefined && Math.abs(ms / 1000 - Number(seconds)) < 0.001;
      if (ms !== undefined)
        return {
          timestampMs: ms,
          timestamp: isSeconds && timeUnit === undefined ? seconds : String(ms / 1000),
        };
    } else {
      const ms = rfc3339ToMs(text);
      if (ms !== undefined) return { timestampMs: ms, timestamp: JSON.stringify(text) };
    }
    const expected = 'Unix seconds such as 1790000000 or a time such as 2026-09-21T14:13:20Z';
    throw this.#bad(line, record, 'timestamp', expected);
  }

  #number(text: string | undefined): string | undefined {
    if (text === undefined) return undefined;
    return jsonNumber(this.mayHaveCommas ? text.replace(',', '.') : text);
  }

  #bad(line: number, record: readonly string[], column: Column, expected: string): StartError {
    const text = record[this.columns.places[column] ?? -1];
    const found = text === undefined ? 'the row ends before it' : JSON.stringify(text.slice(0, 60));
    return new StartError(`${this.file} line ${line}: ${column}: expected ${expected}, found ${found}`);
  }
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
