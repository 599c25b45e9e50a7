import type { IntervalSummary } from '../summary/interval-summary.js';
import type { RangeExtras } from '../summary/range-extras.js';
import type { CsvColumn } from './row-format.js';

const METRIC_COLUMNS = [
  'count',
  'avg',
  'min',
  'max',
  'stddev',
  'p05',
  'p50',
  'p95',
  'coverage',
  'in_range',
] as const;
const COLUMNS = ['start', 'end', 'observations', 'first', 'last', 'complete', 'coverage'] as const;

/** The columns of an interval's summary. */
export const INTERVAL_COLUMNS: readonly CsvColumn<IntervalSummary>[] = [
  ...COLUMNS.map((name): CsvColumn<IntervalSummary> => [name, (row) => row[name]]),
  ...(['temp', 'humidity'] as const).flatMap((metric) =>
    METRIC_COLUMNS.map(
      (name): CsvColumn<IntervalSummary> => [`${metric}_${name}`, (row) => row[metric]?.[name]],
    ),
  ),
];

/** The columns of what a range's summary has beside. */
export const RANGE_EXTRA_COLUMNS: readonly CsvColumn<RangeExtras>[] = [
  ['mean_kinetic_temp', (row) => row.mean_kinetic_temp?.value],
  ['mean_kinetic_temp_error', (row) => row.mean_kinetic_temp?.error],
  ...(['temp', 'humidity'] as const).flatMap((metric) =>
    (['avg', 'error', 'covered'] as const).map(
      (name): CsvColumn<RangeExtras> => [
        `${metric}_time_${name}`,
        (row) => row.time_weighted?.[metric]?.[name],
      ],
    ),
  ),
];
