import type { Answer } from '../api/client.js';
import { shareInRange } from '../hours/cell-colour.js';
import type { ExcursionTotal } from './excursion-totals.js';

/** A summary of a lab, with how often and how long it was beyond its limits; undefined while that is not read. */
export type RangeSummary = Answer<'/lab-summaries'>['labs'][number] & {
  readonly excursions?: ExcursionTotal | undefined;
};

/** A lab of the table; undefined while its summary is not read. */
export interface RangeRow {
  readonly id: string;
  readonly name: string;
  readonly group: string;
  readonly summary: RangeSummary | undefined;
}

export interface RangeColumn {
  readonly key: string;
  readonly metric: 'temp' | 'humidity' | undefined;
  readonly value: (summary: RangeSummary) => number | null;
  /** How it is written. */
  readonly form: 'number' | 'share' | 'count' | 'excursions';
  /** Whether the worst is the smallest. */
  readonly isLowWorst: boolean;
}

const ofMetric = (metric: 'temp' | 'humidity') =>
  (['min', 'avg', 'max', 'p05', 'p95'] as const).map(
    (name): RangeColumn => ({
      key: `${metric}_${name}`,
      metric,
      value: (summary) => summary[metric]?.[name] ?? null,
      form: 'number',
      isLowWorst: name === 'min' || name === 'p05',
    }),
  );

export const RANGE_COLUMNS: readonly RangeColumn[] = [
  { key: 'in_range', metric: undefined, value: shareInRange, form: 'share', isLowWorst: true },
  {
    key: 'excursions_ms',
    metric: undefined,
    value: ({ excursions }) => excursions?.ms ?? null,
    form: 'excursions',
    isLowWorst: false,
  },
  ...ofMetric('temp'),
  {
    key: 'mean_kinetic_temp',
    metric: 'temp',
    value: ({ mean_kinetic_temp }) => mean_kinetic_temp?.value ?? null,
    form: 'number',
    isLowWorst: false,
  },
  ...ofMetric('humidity'),
  { key: 'coverage', metric: undefined, value: ({ coverage }) => coverage, form: 'share', isLowWorst: true },
  {
    key: 'observations',
    metric: undefined,
    value: ({ observations }) => observations,
    form: 'count',
    isLowWorst: true,
  },
];

const COLLATOR = new Intl.Collator('en', { numeric: true });

/** How a table is sorted: a column, and whether its worst comes first. */
export interface Sorting {
  readonly key: string;
  readonly isWorstFirst: boolean;
}

/** `coverage` is the worst first, `-coverage` the other way round. */
export function parseSorting(text: string | undefined): Sorting {
  const key = (text ?? 'in_range').replace(/^-/, '');
  const isKnown = key === 'lab' || RANGE_COLUMNS.some((column) => column.key === key);
  return { key: isKnown ? key : 'in_range', isWorstFirst: !isKnown || text?.startsWith('-') !== true };
}

/** Rows in order; those without a value come last either way. */
export function sortedRows(rows: readonly RangeRow[], { key, isWorstFirst }: Sorting): readonly RangeRow[] {
  const byName = (a: RangeRow, b: RangeRow) =>
    COLLATOR.compare(a.name, b.name) || COLLATOR.compare(a.group, b.group);
  const column = RANGE_COLUMNS.find((one) => one.key === key);
  if (column === undefined) return rows.toSorted((a, b) => (isWorstFirst ? byName(a, b) : byName(b, a)));
  const sign = column.isLowWorst === isWorstFirst ? 1 : -1;
  const numberOf = ({ summary }: RangeRow) => (summary === undefined ? null : column.value(summary));
  return rows.toSorted((a, b) => {
    const [x, y] = [numberOf(a), numberOf(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || byName(a, b);
    return (x - y) * sign || byName(a, b);
  });
}

/** The table as RFC 4180 has it, in the units of the API. A name that a spreadsheet would take for a formula is quoted. */
export function rangeCsv(rows: readonly RangeRow[]): string {
  const head = ['lab_id', 'start', 'end', ...RANGE_COLUMNS.map(({ key }) => key)];
  const lines = rows.map(({ id, summary }) => [
    field(id),
    summary?.start ?? '',
    summary?.end ?? '',
    ...RANGE_COLUMNS.map(({ value }) => (summary === undefined ? '' : (value(summary) ?? ''))),
  ]);
  return [head, ...lines].map((line) => `${line.join(',')}\r\n`).join('');
}

/** Spreadsheets run what begins with = + - @ as a formula, quoted or not: an apostrophe makes it text. */
function field(text: string): string {
  const safe = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
