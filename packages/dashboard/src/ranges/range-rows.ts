import { useMemo } from 'preact/hooks';
import { type Answer, get } from '../api/client.js';
import { limitsText } from '../lab/limits.js';
import { labCount, labs } from '../live/live-labs.js';
import { defaultLimits } from '../settings/settings.js';
import { type Loaded, useLoaded } from '../shell/use-loaded.js';
import { excursionTotals, NO_EXCURSIONS } from './excursion-totals.js';
import type { ChosenRange } from './range-choice.js';
import type { RangeRow } from './range-columns.js';

const REFRESH_MS = 60_000;

export interface RangeRows extends Pick<Loaded<unknown>, 'failure' | 'again'> {
  /** What is shown: the first range that was asked for in which anything was heard. */
  readonly range: ChosenRange;
  readonly rows: readonly RangeRow[];
  readonly resolution: string | undefined;
  readonly isReading: boolean;
}

type Table = Answer<'/lab-summaries'>;
type Limits = { readonly temp?: string; readonly humidity?: string };

/** A summary of every lab over the first of these ranges in which anything was heard; over the first if none was. */
export function useRangeRows(ranges: readonly [ChosenRange, ...ChosenRange[]]): RangeRows {
  const limits = useTableLimits();
  const isOpen = ranges.some((range) => range.isOpen);
  const loaded = useLoaded(
    labCount.value === 0 ? undefined : JSON.stringify([ranges.map(keyOf), limits]),
    (signal) => readTable(ranges, limits, signal),
    isOpen ? REFRESH_MS : undefined,
  );
  const table = loaded.value?.table;
  const range = loaded.value?.range ?? ranges[0];
  const beyond = useLoaded(
    table === undefined ? undefined : JSON.stringify([keyOf(range), limits]),
    async (signal) => {
      const { excursions } = await get('/excursions', { ...queryOf(range), ...limits }, { signal });
      return excursionTotals(excursions, range.toMs);
    },
    isOpen ? REFRESH_MS : undefined,
  );
  const totals = beyond.isOld ? undefined : beyond.value;
  const rows = useMemo(
    () =>
      (table?.labs ?? [])
        .filter(({ observations }) => observations > 0)
        .map((summary) => ({
          id: summary.lab_id,
          name: summary.name ?? summary.lab_id,
          group: summary.group ?? '',
          summary:
            totals === undefined
              ? summary
              : { ...summary, excursions: totals.get(summary.lab_id) ?? NO_EXCURSIONS },
        })),
    [table, totals],
  );
  return {
    range,
    rows,
    resolution: table?.resolution,
    isReading: loaded.isOld && loaded.failure === undefined,
    failure: loaded.failure,
    again: loaded.again,
  };
}

async function readTable(
  ranges: readonly [ChosenRange, ...ChosenRange[]],
  limits: Limits,
  signal: AbortSignal,
): Promise<{ readonly range: ChosenRange; readonly table: Table }> {
  let first: Table | undefined;
  for (const range of ranges) {
    const table = await get('/lab-summaries', { ...queryOf(range), ...limits }, { signal });
    if (table.labs.some(({ observations }) => observations > 0)) return { range, table };
    first ??= table;
  }
  return { range: ranges[0], table: first! };
}

/** The same as long as the same is asked for: a range that ends now goes on. */
function keyOf({ name, fromMs, toMs, isOpen }: ChosenRange) {
  return [name, fromMs, isOpen ? undefined : toMs];
}

function queryOf({ fromMs, toMs, isOpen }: ChosenRange) {
  return { from: fromMs / 1000, to: isOpen ? undefined : toMs / 1000 };
}

/** The limits of this page, for a metric of which no lab has its own: in one answer they would count for all. */
function useTableLimits(): Limits {
  const wanted = defaultLimits.value;
  const isOwn = (metric: 'temp' | 'humidity') =>
    labs.value.some(({ limits }) => limits[metric] !== wanted[metric]);
  const text = (metric: 'temp' | 'humidity') => (isOwn(metric) ? undefined : limitsText(wanted[metric]));
  const [temp, humidity] = [text('temp'), text('humidity')];
  return { ...(temp === undefined ? {} : { temp }), ...(humidity === undefined ? {} : { humidity }) };
}
