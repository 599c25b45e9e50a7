import { type Static, Type } from '@sinclair/typebox';
import type { Scope } from '../access/scope.js';
import type { RouteOptions } from '../api-options.js';
import { compressed } from '../http/compression.js';
import { type Route, route } from '../http/route.js';
import { readStore } from '../http/store-read.js';
import { PREFIX_PATTERN } from '../labs/lab-prefix.js';
import { LabStatus, labStatus } from '../labs/lab-status.js';
import { cursorAfter, labBefore } from '../labs/page-cursor.js';
import { visibleLabs } from '../labs/visible-labs.js';
import { readQuery } from '../query/read-query.js';

/** A page of labs in the order of their ids. It may be short, even empty, and not be the last: next_cursor tells. */
export const LabsPage = Type.Object({
  labs: Type.Array(LabStatus),
  next_cursor: Type.Union([Type.String(), Type.Null()]),
});

export type LabsPage = Static<typeof LabsPage>;

const PAGE_LABS = 100;
const PAGE_LABS_MAX = 1000;
/** Pages of the store that are looked through for one page of an answer. */
const SCANNED_PAGES_MAX = 10;

const LabsQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: PAGE_LABS_MAX, default: PAGE_LABS }),
  cursor: Type.Optional(Type.String({ description: 'the next_cursor of another answer, unchanged' })),
  prefix: Type.Optional(Type.String({ pattern: PREFIX_PATTERN, description: 'how a lab id begins' })),
  stale: Type.Optional(Type.Boolean({ description: 'true or false' })),
});

/** `GET /labs`: every lab known, with its latest observation. */
export function labsRoute(options: RouteOptions): Route {
  const { store, clock, expectedIntervalS, storeTimeoutMs } = options;

  /** A page of labs after `after` that the query asks for. */
  async function page(
    query: Static<typeof LabsQuery>,
    scope: Scope,
    after: string,
    nowMs: number,
  ): Promise<LabsPage> {
    const { limit, prefix = '', stale } = query;
    const labs: LabStatus[] = [];
    let last = after;
    for (let pages = 0; pages < SCANNED_PAGES_MAX; pages++) {
      const ids = await visibleLabs(store, scope, prefix, last, limit + 1, nowMs);
      const examined = ids.slice(0, limit);
      for (const [i, newest] of (await store.latest(examined, nowMs)).entries()) {
        last = examined[i]!;
        // A lab can be in the index before its first commit.
        const status = newest && labStatus(newest, expectedIntervalS, nowMs);
        const isWanted = stale === undefined || status?.stale === stale;
        if (status !== undefined && isWanted) labs.push(status);
        if (labs.length === limit && i + 1 < ids.length) return { labs, next_cursor: cursorAfter(last) };
      }
      if (ids.length <= limit) return { labs, next_cursor: null };
    }
    return { labs, next_cursor: cursorAfter(last) };
  }

  return route(
    {
      method: 'get',
      path: '/labs',
      id: 'listLabs',
      summary: 'Every lab known, by id, with its latest observation',
      description: 'A page may be short without being the last: next_cursor is null on the last one.',
      query: LabsQuery,
      answers: { 'application/json': LabsPage },
      problems: [503],
    },
    compressed,
    async (c) => {
      const query = readQuery(c, LabsQuery);
      const after = labBefore(query.cursor);
      const nowMs = clock();
      return c.json(await readStore(storeTimeoutMs, () => page(query, c.get('scope'), after, nowMs)));
    },
  );
}
