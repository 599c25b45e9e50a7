import { isLabId, labIdOfName } from '@humtemp/bucket-core';
import { toCelsius, type Unit } from '@humtemp/sources';

/** What a CSV file is like, where it does not say so by itself. */
export interface CsvForm {
  /** Names of columns in the file. */
  readonly columns?: Partial<Readonly<Record<Column, string>>> | undefined;
  /** The lab of all rows, where the file names none. */
  readonly lab?: string | undefined;
  /** Unit of temperatures; undefined: °C, and a file that has no fixed one is refused. */
  readonly unit?: Unit | undefined;
  readonly timeUnit?: TimeUnit | undefined;
}

/** `value` and `metric`: one value in each row, and what it is. */
export const COLUMNS = ['lab_id', 'timestamp', 'temp', 'humidity', 'value', 'metric'] as const;
export type Column = (typeof COLUMNS)[number];

/** Units of time per second. */
export const TIME_UNITS = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 } as const;
export type TimeUnit = keyof typeof TIME_UNITS;

/** What columns are called by the programs whose exports are read: InfluxDB, Home Assistant. */
const ALIASES: Readonly<Record<Column, readonly string[]>> = {
  lab_id: ['lab_id', 'lab', 'room', 'location', 'entity_id'],
  timestamp: ['timestamp', 'time', '_time', 'last_changed'],
  temp: ['temp', 'temperature'],
  humidity: ['humidity'],
  value: ['value', '_value', 'state'],
  metric: ['metric', '_field'],
};

/** Where the columns of a file are. Every row has either a metric of each kind, or one value. */
export interface Columns {
  readonly places: Partial<Readonly<Record<Column, number>>>;
  /** Labs are ids as they stand; else they are names, as topics have them. */
  readonly hasIds: boolean;
  /** The lab and the metric stand in an `entity_id` of Home Assistant. */
  readonly isHomeAssistant: boolean;
}

/** @throws RangeError that says which column is missing. */
export function columnsOf(header: readonly string[], form: CsvForm): Columns {
  const named = form.columns ?? {};
  const places: Partial<Record<Column, number>> = {};
  for (const column of COLUMNS) {
    const name = named[column];
    const place =
      name === undefined
        ? ALIASES[column].map((alias) => header.indexOf(alias)).find((at) => at >= 0)
        : header.indexOf(name);
    if (name !== undefined && place === -1)
      throw new RangeError(`there is no column ${name}; there are ${header.join(', ')}`);
    if (place !== undefined) places[column] = place;
  }
  const labColumn = places.lab_id === undefined ? undefined : header[places.lab_id];
  const isHomeAssistant = labColumn === 'entity_id' && places.value !== undefined && form.lab === undefined;
  const isLong = places.value !== undefined && (places.metric !== undefined || isHomeAssistant);
  const isWide = places.temp !== undefined && places.humidity !== undefined;
  const isNamed = named.temp !== undefined || named.humidity !== undefined;
  const missing = [
    ...(places.lab_id === undefined && form.lab === undefined ? ['lab_id'] : []),
    ...(places.timestamp === undefined ? ['timestamp'] : []),
    ...(isLong || isWide || isNamed ? [] : places.temp === undefined ? ['temp'] : ['humidity']),
  ];
  if (missing.length > 0)
    throw new RangeError(
      `expected a header with the columns lab_id,timestamp,temp,humidity, but ${missing[0]} is missing: ` +
        `--columns ${missing[0]}=NAME names it${missing[0] === 'lab_id' ? ', --lab NAME is the lab of all rows' : ''}`,
    );
  if (isHomeAssistant && form.unit === undefined)
    throw new RangeError(
      "Home Assistant's export does not say the unit of temperatures: --unit C or --unit F",
    );
  const hasIds = labColumn === 'lab_id' && named.lab_id === undefined;
  return { places, hasIds, isHomeAssistant };
}

/** Whether a row is another header of the same form: InfluxDB writes one for each table. */
export function isHeader(record: readonly string[]): boolean {
  return record.includes('_time') && record.includes('_value');
}

/** The character between cells, by the header. Where it is no comma, a comma may be that of a decimal number. */
export function separatorOf(header: string): ',' | ';' | '\t' {
  return header.includes(';') ? ';' : header.includes('\t') ? '\t' : ',';
}

/** The lab id of a cell; undefined: no lab can be called so. */
export function labOf(cell: string, hasIds: boolean): string | undefined {
  if (hasIds) return isLabId(cell) ? cell : undefined;
  return labIdOfName(cell);
}

/** What a row is about: the metric of its one value, and the lab if it stands in the same cell; undefined: neither of ours. */
export function metricOf(
  cell: string,
): { readonly metric: 'temp' | 'humidity'; readonly lab: string } | undefined {
  const [, lab = '', name] = /^(?:sensor\.)?(?:(.*?)_)?(temp|temperature|humidity|hum)$/i.exec(cell) ?? [];
  if (name === undefined) return undefined;
  return { metric: name.toLowerCase().startsWith('t') ? 'temp' : 'humidity', lab };
}

/** A JSON number of °C. */
export function celsius(json: string, unit: Unit | undefined): string {
  if (unit === undefined || unit === 'C') return json;
  return String(Math.round(toCelsius(Number(json), unit) * 1000) / 1000);
}
