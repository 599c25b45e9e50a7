import { useMemo } from 'preact/hooks';
import { get } from '../api/client.js';
import { limitsText } from '../lab/limits.js';
import { labCount, labs } from '../live/live-labs.js';
import { defaultLimits } from '../settings/settings.js';
import { type Loaded, useLoaded } from '../shell/use-loaded.js';
import { excursionTotals } from './excursion-totals.js';
import type { ChosenRange } from './range-choice.js';
import type { RangeRow } from './range-columns.js';

const REFRESH_MS = 60_000;

export interface RangeRows extends Pick<Loaded<unknown>, 'failure' | 'again'> {
  readonly rows: readonly RangeRow[];
  readonly resolution: string | undefined;
  readonly isReading: boolean;
}

/** A summary of every lab over a range, in one answer. */
export function useRangeRows(range: ChosenRange): RangeRows {
  const { name, fromMs, toMs, isOpen } = range;
  const limits = useTableLimits();
  const loaded = useLoaded(
    labCount.value === 0 ? undefined : JSON.stringify([name, fromMs, isOpen ? undefined : toMs, limits]),
    (signal) =>
      get(
        '/lab-summaries',
        { from: fromMs / 1000, to: isOpen ? undefined : toMs / 1000, ...limits },
        { signal },
      ),
    isOpen ? REFRESH_MS : undefined,
  );
  const beyond = useLoaded(
    labCount.value === 0 ? undefined : JSON.stringify([name, fromMs, isOpen ? undefined : toMs, limits]),
    (signal) =>
      get(
        '/excursions',
        { from: fromMs / 1000, to: isOpen ? undefined : toMs / 1000, ...limits },
        { signal },
      ),
    isOpen ? REFRESH_MS : undefined,
  );
  const table = loaded.value;
  const totals = useMemo(() => excursionTotals(beyond.value?.excursions ?? []), [beyond.value]);
  const hasTotals = beyond.value !== undefined;
  const rows = useMemo(
    () =>
      (table?.labs ?? [])
        .filter(({ observations }) => observations > 0)
        .map((summary) => ({
          id: summary.lab_id,
          name: summary.name ?? summary.lab_id,
          group: summary.group ?? '',
          summary: hasTotals ? { ...summary, excursions: totals.get(summary.lab_id) ?? NONE } : summary,
        })),
    [table, totals],
  );
  return {
    rows,
    resolution: table?.resolution,
    isReading: loaded.isOld && loaded.failure === undefined,
    failure: loaded.failure,
    again: loaded.again,
  };
}

const NONE = { count: 0, ms: 0 };

/** The limits of this page, for a metric of which no lab has its own: in one answer they would count for all. */
function useTableLimits(): { readonly temp?: string; readonly humidity?: string } {
  const wanted = defaultLimits.value;
  const isOwn = (metric: 'temp' | 'humidity') =>
    labs.value.some(({ limits }) => limits[metric] !== wanted[metric]);
  const text = (metric: 'temp' | 'humidity') => (isOwn(metric) ? undefined : limitsText(wanted[metric]));
  const [temp, humidity] = [text('temp'), text('humidity')];
  return { ...(temp === undefined ? {} : { temp }), ...(humidity === undefined ? {} : { humidity }) };
}
