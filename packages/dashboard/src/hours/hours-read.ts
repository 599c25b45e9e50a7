import { get } from '../api/client.js';
import { Gathering } from '../api/gathering.js';
import { backgroundReads } from '../api/queue.js';
import type { CellBucket } from './cell-colour.js';

/** Which hours, and by which limits labs are judged that have none of their own. */
export interface HoursQuery {
  readonly from: number;
  readonly to: number;
  readonly temp: string | undefined;
  readonly humidity: string | undefined;
}

export type HoursByStart = ReadonlyMap<number, CellBucket>;

const gatherings = new Map<string, Gathering<HoursByStart>>();

/** The hours of a lab by where they begin, in Unix milliseconds. Rows that come into view together are read together. */
export function readHours(id: string, query: HoursQuery, signal: AbortSignal): Promise<HoursByStart> {
  const key = JSON.stringify(query);
  let gathering = gatherings.get(key);
  if (gathering === undefined) {
    // Another range is looked at: who waits for the one before has gone.
    if (gatherings.size >= KEPT_MAX) gatherings.clear();
    gathering = new Gathering((ids) => backgroundReads.run(() => readSome(ids, query)));
    gatherings.set(key, gathering);
  }
  return gathering.want(id, signal);
}

/** Limits of four kinds at most: of either metric the lab's own, or the page's. */
const KEPT_MAX = 8;

async function readSome(ids: readonly string[], query: HoursQuery): Promise<readonly HoursByStart[]> {
  const { starts, labs } = await get('/lab-series', {
    ...query,
    labs: ids.join(),
    resolution: '1h',
    shares: true,
  });
  const byId = new Map(labs.map((lab) => [lab.lab_id, lab]));
  const startsMs = starts.map((start) => Date.parse(start));
  return ids.map((id) => {
    const lab = byId.get(id);
    const hours = new Map<number, CellBucket>();
    if (lab !== undefined)
      for (const [i, startMs] of startsMs.entries())
        hours.set(startMs, {
          coverage: lab.coverage?.[i] ?? null,
          temp: valuesOf(lab.temp, i),
          humidity: valuesOf(lab.humidity, i),
        });
    return hours;
  });
}

type Columns = { readonly avg: readonly (number | null)[]; readonly in_range?: readonly (number | null)[] };

function valuesOf({ avg, in_range }: Columns, i: number): CellBucket['temp'] {
  const value = avg[i];
  if (value === null || value === undefined) return null;
  return in_range === undefined ? { avg: value } : { avg: value, in_range: in_range[i] ?? null };
}
