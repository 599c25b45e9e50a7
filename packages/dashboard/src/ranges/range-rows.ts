import { useMemo } from 'preact/hooks';
import { get } from '../api/client.js';
import { backgroundReads } from '../api/queue.js';
import { limitsText } from '../lab/limits.js';
import { labs } from '../live/live-labs.js';
import { type Loaded, useLoaded } from '../shell/use-loaded.js';
import type { ChosenRange } from './range-choice.js';
import type { RangeRow, RangeSummary } from './range-columns.js';

const REFRESH_MS = 60_000;

export interface RangeRows extends Pick<Loaded<unknown>, 'failure' | 'again'> {
  readonly rows: readonly RangeRow[];
  readonly isReading: boolean;
}

/** A summary of every lab over a range. */
export function useRangeRows(range: ChosenRange): RangeRows {
  // Values change each second; here only which labs there are, and their limits, matter.
  const asked = labs.value.map(({ id, limits }) => ({
    id,
    temp: limitsText(limits.temp),
    humidity: limitsText(limits.humidity),
  }));
  const { name, fromMs, toMs, isOpen } = range;
  const loaded = useLoaded(
    asked.length === 0 ? undefined : JSON.stringify([name, fromMs, isOpen ? undefined : toMs, asked]),
    async (signal) => {
      const query = { from: fromMs / 1000, to: isOpen ? undefined : toMs / 1000 };
      const found = await Promise.all(
        asked.map(async ({ id, temp, humidity }) => {
          const summary = await backgroundReads.run(
            () => get('/labs/{lab_id}/summary', { ...query, temp, humidity }, { labId: id, signal }),
            signal,
          );
          return [id, summary] as const;
        }),
      );
      return new Map<string, RangeSummary>(found);
    },
    isOpen ? REFRESH_MS : undefined,
  );
  const summaries = loaded.value;
  const names = labs.value;
  const rows = useMemo(
    () =>
      names
        .map(({ id, name }) => ({ id, name, summary: summaries?.get(id) }))
        .filter(({ summary }) => summary === undefined || summary.observations > 0),
    [summaries, names.length],
  );
  return {
    rows,
    isReading: loaded.isOld && loaded.failure === undefined,
    failure: loaded.failure,
    again: loaded.again,
  };
}
