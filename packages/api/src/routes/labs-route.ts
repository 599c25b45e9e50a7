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
        'Listed is a lab that the labs file names, and one with an observation within HUMTEMP_LISTED_FOR. A page may be short without being the last: next_cursor is null on the last one.',
      query: LabsQuery,
      answers: { 'application/json': LabsPage },
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
      return c.json(await readStore(storeTimeoutMs, () => page(query, selected, directory, after, nowMs)));
    },
  );
}
