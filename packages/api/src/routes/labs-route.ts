import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import { compressed } from '../http/compression.js';
import { type Route, route } from '../http/route.js';
import { readStore } from '../http/store-read.js';
import { LabStatus, labStatus } from '../labs/lab-status.js';
import { latestOfLabs } from '../labs/latest-of-labs.js';
import { isListedNow } from '../labs/listed-now.js';
import { cursorAfter, labBefore } from '../labs/page-cursor.js';
import { readQuery } from '../query/read-query.js';
import type { LabDirectory } from '../rooms/lab-directory.js';
import { SelectionParameters, selectedLabs } from '../rooms/lab-selection.js';
import { csvAnswer, JsonOrCsvParameter, wantsCsv } from '../rows/csv-answer.js';
import type { CsvColumn } from '../rows/row-format.js';
import { byLab } from '../rows/sorted-rows.js';

const TextIfAny = Type.Union([Type.String(), Type.Null()]);

/** A page of labs in the order of their ids. It may be short, even empty, and not be the last: next_cursor tells. */
export const LabsPage = Type.Object({
  labs: Type.Array(LabStatus),
  never_heard: Type.Array(Type.Object({ lab_id: Type.String(), name: TextIfAny, group: TextIfAny }), {
    description: 'labs that the labs file lists by their ids and of which nothing is known, of this page',
  }),
  next_cursor: Type.Union([Type.String(), Type.Null()]),
});

export type LabsPage = Static<typeof LabsPage>;

/** One that is known, or was never heard of. */
type LabRow = LabsPage['never_heard'][number] & Partial<LabStatus>;

const COLUMNS: readonly CsvColumn<LabRow>[] = [
  ['lab_id', ({ lab_id }) => lab_id],
  ['name', ({ name }) => name],
  ['group', ({ group }) => group],
  ['latest', ({ latest }) => latest?.timestamp],
  ['age_s', ({ age_s }) => age_s],
  ['stale', ({ stale }) => stale],
  ...(['temp', 'humidity'] as const).flatMap((name): CsvColumn<LabRow>[] => [
    [name, ({ metrics }) => metrics?.[name]?.value],
    [`${name}_at`, ({ metrics }) => metrics?.[name]?.timestamp],
    [`${name}_in_range`, ({ metrics }) => metrics?.[name]?.in_range],
    [`${name}_min`, ({ limits }) => limits?.[name]?.min],
    [`${name}_max`, ({ limits }) => limits?.[name]?.max],
  ]),
  ['expected_interval_s', ({ expected_interval_s }) => expected_interval_s],
];
const PAGE_LABS = 100;
const PAGE_LABS_MAX = 1000;
/** Pages that are looked through for one page of an answer. */
const SCANNED_PAGES_MAX = 10;
/** Labs that are looked at together. */
const LABS_AT_ONCE = 200;

const LabsQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: PAGE_LABS_MAX, default: PAGE_LABS }),
  cursor: Type.Optional(Type.String({ description: 'the next_cursor of another answer, unchanged' })),
  ...SelectionParameters,
  ...JsonOrCsvParameter,
  stale: Type.Optional(Type.Boolean({ description: 'true or false' })),
  unlisted: Type.Optional(
    Type.Boolean({
      description:
        'true: also labs that are no longer listed, because they have been silent for longer than HUMTEMP_LISTED_FOR and the labs file does not name them',
    }),
  ),
});

/** `GET /labs`: every lab known, with its latest observation. */
export function labsRoute(options: RouteOptions): Route {
  const { store, grid, clock, directories, expectedIntervalS, listedS, storeTimeoutMs } = options;

  /** A page of the selected labs, which come after `after`. */
  async function page(
    { limit, stale, unlisted, labs: named }: Static<typeof LabsQuery>,
    selected: AsyncIterable<readonly string[]>,
    directory: LabDirectory,
    after: string,
    nowMs: number,
  ): Promise<LabsPage> {
    const isAny = unlisted === true || named !== undefined;
    const labs: LabStatus[] = [];
    const never_heard: LabsPage['never_heard'] = [];
    let last = after;
    let looked = 0;
    for await (const ids of selected) {
      const latest = await latestOfLabs({ store, grid }, ids, nowMs);
      for (const [i, lab] of ids.entries()) {
        if (labs.length === limit) return { labs, never_heard, next_cursor: cursorAfter(last) };
        last = lab;
        const settings = directory.of(lab);
        const { name = null, group = null } = settings;
        const known = latest[i];
        const status = known && labStatus(known, settings, expectedIntervalS, nowMs);
        // Else it can be in the index before its first commit.
        if (status === undefined && directory.isListed(lab)) never_heard.push({ lab_id: lab, name, group });
        if (status === undefined || (stale !== undefined && status.stale !== stale)) continue;
        if (isAny || isListedNow(known!, directory, listedS, nowMs)) labs.push(status);
      }
      // The embedded store answers at once; others want a turn too.
      await nextTurn();
      looked += ids.length;
      if (looked >= limit * SCANNED_PAGES_MAX) return { labs, never_heard, next_cursor: cursorAfter(last) };
    }
    return { labs, never_heard, next_cursor: null };
  }

  return route(
    {
      method: 'get',
      path: '/labs',
      id: 'listLabs',
      tag: 'labs',
      summary: 'Every lab that is listed, by id, with its latest observation',
      description:
        'Listed is a lab that the labs file names, and one with an observation within HUMTEMP_LISTED_FOR. A page may be short without being the last: next_cursor is null on the last one. In CSV each row is a lab, and the next page is in the header Link.',
      query: LabsQuery,
      answers: { 'application/json': LabsPage, 'text/csv': Type.String() },
      problems: [403, 503],
    },
    compressed,
    async (c) => {
      const query = readQuery(c, LabsQuery);
      const after = labBefore(query.cursor);
      const nowMs = clock();
      const directory = directories.current;
      const selected = selectedLabs(query, {
        store,
        scope: c.get('scope'),
        directory,
        nowMs,
        after,
        pageLabs: Math.min(query.limit, LABS_AT_ONCE),
      });
      const answer = await readStore(storeTimeoutMs, () => page(query, selected, directory, after, nowMs));
      if (!wantsCsv(c, query.format)) return c.json(answer);
      const { next_cursor } = answer;
      // RFC 8288: a table has no place for it.
      if (next_cursor !== null) {
        const next = new URL(c.req.url).searchParams;
        next.set('cursor', next_cursor);
        c.header('link', `<?${next}>; rel="next"`);
      }
      return csvAnswer(c, COLUMNS, [...answer.labs, ...answer.never_heard].sort(byLab));
    },
  );
}
