import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isLabId, isLabPrefix, parseDurationS, toThousandths } from '@humtemp/bucket-core';
import { FileProblem, trimmed } from '@humtemp/watched-files';
import { CsvError, parse } from 'csv-parse';
import { isTimeZone } from '../query/time-zone.js';
import { LabDirectory } from './lab-directory.js';
import type { LabEntry, LabLimits, LabSettings } from './lab-settings.js';

export const ROWS_MAX = 100_000;
const TEXT_LENGTH_MAX = 100;
const INTERVAL_S_MAX = 366 * 86_400;
/** Of a file, read in one turn of the event loop: some five milliseconds. */
const SLICE_BYTES = 32 * 1024;
const SORTED_AT_ONCE = 4096;

const COLUMNS = [
  'lab_id',
  'name',
  'group',
  'temp_min',
  'temp_max',
  'humidity_min',
  'humidity_max',
  'expected_interval',
  'time_zone',
] as const;
type Column = (typeof COLUMNS)[number];
type Row = Readonly<Partial<Record<Column, string>>>;

interface Line {
  readonly number: number;
  readonly cells: readonly string[];
}

/**
 * The labs of a CSV file, as a spreadsheet writes it: with `,` or `;` between its columns, in any order, of which only
 * `lab_id` is needed; a decimal comma where `;` separates. A long file is read in slices, and everything else has its turn
 * between them.
 * @throws FileProblem at the first line that is wrong; also where the last line does not end, for it may be half of one.
 */
export async function labDirectoryOf(content: string, file: string): Promise<LabDirectory> {
  if (content.trim() === '')
    throw new FileProblem(file, undefined, `expected a first line ${COLUMNS.join()}`);
  if (!/[\r\n]$/.test(content))
    throw new FileProblem(file, content.split('\n').length, 'expected a line break at the end');
  const isSemicolon = content.slice(0, content.indexOf('\n')).includes(';');
  const entries: LabEntry[] = [];
  const seen = new Map<string, number>();
  let columns: readonly Column[] | undefined;
  for await (const line of linesOf(content, file, isSemicolon ? ';' : ',')) {
    const { number } = line;
    if (columns === undefined) {
      columns = columnsOf(line, file);
      continue;
    }
    if (entries.length === ROWS_MAX) throw new FileProblem(file, number, `expected at most ${ROWS_MAX} labs`);
    try {
      const entry = entryOf(rowOf(line.cells, columns), isSemicolon);
      const before = seen.get(entry.pattern);
      if (before !== undefined)
        throw new RangeError(`each lab_id once; ${entry.pattern} is in line ${before}`);
      seen.set(entry.pattern, number);
      entries.push(entry);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new FileProblem(file, number, `expected ${error.message}`);
    }
  }
  return new LabDirectory(entries, await inOrder([...seen.keys()]));
}

/** @throws FileProblem for what is no CSV. */
async function* linesOf(content: string, file: string, delimiter: string): AsyncGenerator<Line> {
  const options = { delimiter, bom: true, info: true, relaxColumnCount: true, skipEmptyLines: true };
  try {
    const records = Readable.from(slicesOf(Buffer.from(content))).compose(parse(options));
    for await (const one of records as AsyncIterable<{ record: string[]; info: { lines: number } }>)
      yield { number: one.info.lines, cells: one.record };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { message, lines } = error as CsvError & { readonly lines?: number };
    throw new FileProblem(file, lines, message);
  }
}

async function* slicesOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    if (at > 0) await nextTurn();
    yield bytes.subarray(at, at + SLICE_BYTES);
  }
}

/** Sorts texts by the codes of their characters, some in each turn of the event loop. */
async function inOrder(texts: readonly string[]): Promise<readonly string[]> {
  let runs: string[][] = [];
  for (let i = 0; i < texts.length; i += SORTED_AT_ONCE) {
    runs.push(texts.slice(i, i + SORTED_AT_ONCE).sort());
    await nextTurn();
  }
  while (runs.length > 1) {
    const longer: string[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      longer.push(merged(runs[i]!, runs[i + 1] ?? []));
      await nextTurn();
    }
    runs = longer;
  }
  return runs[0] ?? [];
}

function merged(some: readonly string[], others: readonly string[]): string[] {
  const all: string[] = [];
  let other = 0;
  for (const one of some) {
    while (other < others.length && others[other]! < one) all.push(others[other++]!);
    all.push(one);
  }
  return all.concat(others.slice(other));
}

/** @throws RangeError saying what was expected. */
function rowOf(cells: readonly string[], columns: readonly Column[]): Row {
  if (cells.length !== columns.length)
    throw new RangeError(`${columns.length} cells as in the first line, not ${cells.length}`);
  return Object.fromEntries(columns.map((column, i) => [column, trimmed(cells[i]!)]));
}

function columnsOf({ cells, number }: Line, file: string): readonly Column[] {
  const names = cells.map((cell) => trimmed(cell).toLowerCase());
  for (const [i, name] of names.entries()) {
    if (!(COLUMNS as readonly string[]).includes(name))
      throw new FileProblem(
        file,
        number,
        `expected columns of ${COLUMNS.join()}, not ${JSON.stringify(name)}`,
      );
    if (names.indexOf(name) < i)
      throw new FileProblem(file, number, `expected each column once, not ${name} twice`);
  }
  if (!names.includes('lab_id')) throw new FileProblem(file, number, 'expected a column lab_id');
  return names as Column[];
}

/** @throws RangeError saying what was expected. */
function entryOf(row: Row, hasDecimalComma: boolean): LabEntry {
  const pattern = row.lab_id ?? '';
  if (pattern !== '*' && !(pattern.endsWith('*') ? isLabPrefix(pattern.slice(0, -1)) : isLabId(pattern)))
    throw new RangeError('a lab_id, a prefix such as floor-2/*, or * for all labs');
  const settings: Record<string, unknown> = {};
  const set = <K extends keyof LabSettings>(key: K, value: LabSettings[K]) => {
    if (value !== undefined) settings[key] = value;
  };
  set('name', label('name', row.name));
  set('group', label('group', row.group));
  set('temp', limits('temp', row.temp_min, row.temp_max, [-273.15, 1000], hasDecimalComma));
  set('humidity', limits('humidity', row.humidity_min, row.humidity_max, [0, 100], hasDecimalComma));
  set('expectedIntervalS', interval(row.expected_interval));
  set('timeZone', timeZone(row.time_zone));
  return { pattern, settings };
}

function label(column: string, text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they have no place in a name
  if (text.length > TEXT_LENGTH_MAX || /[\u0000-\u001f\ufffd]/.test(text))
    throw new RangeError(`a ${column} of at most ${TEXT_LENGTH_MAX} characters in one line, in UTF-8`);
  // A spreadsheet would run it where the table is opened again.
  if (/^[=@]/.test(text) || /^[+-].*[(|!]/.test(text)) throw new RangeError(`a ${column}, not a formula`);
  return text;
}

function limits(
  metric: 'temp' | 'humidity',
  minText: string | undefined,
  maxText: string | undefined,
  [lowest, highest]: readonly [number, number],
  hasDecimalComma: boolean,
): LabLimits | undefined {
  const value = (end: 'min' | 'max', text: string | undefined) => {
    if (text === undefined || text === '') return undefined;
    const plain = hasDecimalComma ? text.replace(',', '.') : text;
    const number = /^[+-]?\d{1,6}(\.\d{1,6})?$/.test(plain) ? Number(plain) : Number.NaN;
    if (!(number >= lowest && number <= highest))
      throw new RangeError(
        `${metric}_${end} to be a number from ${lowest} to ${highest}, not ${JSON.stringify(text)}`,
      );
    return toThousandths(number);
  };
  const [min, max] = [value('min', minText), value('max', maxText)];
  if (min === undefined && max === undefined) return undefined;
  if (min !== undefined && max !== undefined && min > max)
    throw new RangeError(`${metric}_min to be at most ${metric}_max`);
  return { min: min ?? Number.NEGATIVE_INFINITY, max: max ?? Number.POSITIVE_INFINITY };
}

function interval(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    const seconds = parseDurationS(text);
    if (seconds <= INTERVAL_S_MAX) return seconds;
  } catch {
    // Said below.
  }
  throw new RangeError(`expected_interval to be a duration such as 30s or 5m, not ${JSON.stringify(text)}`);
}

function timeZone(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (isTimeZone(text)) return text;
  throw new RangeError(`time_zone to be a name such as Europe/Berlin, not ${JSON.stringify(text)}`);
}
