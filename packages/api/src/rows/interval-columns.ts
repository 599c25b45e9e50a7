import type { IntervalSummary } from '../summary/interval-summary.js';
import type { CsvColumn } from './row-format.js';

const METRIC_COLUMNS = ['count', 'avg', 'min', 'max', 'stddev', 'p05', 'p50', 'p95', 'in_range'] as const;
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
