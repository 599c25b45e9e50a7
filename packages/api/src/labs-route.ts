import { type Static, Type } from '@sinclair/typebox';
import type { Handler } from 'hono';
import type { RouteOptions } from './api-options.js';
import { integerParameter } from './integer-parameter.js';
import { LabStatus, labStatus } from './lab-status.js';
import { cursorAfter, labBefore } from './page-cursor.js';
import { readStore } from './store-read.js';

/** A page of labs in the order of their ids. It may be short, even empty, and not be the last: next_cursor tells. */
export const LabsPage = Type.Object({
  labs: Type.Array(LabStatus),
  next_cursor: Type.Union([Type.String(), Type.Null()]),
});

export type LabsPage = Static<typeof LabsPage>;

const PAGE_LABS = 100;
const PAGE_LABS_MAX = 1000;

/** `GET /labs?cursor&limit`: every lab known, with its latest observation. */
export function labsRoute(options: RouteOptions): Handler {
  const { store, clock, expectedIntervalS, storeTimeoutMs } = options;
  return async (c) => {
    const limit = integerParameter(c, 'limit', { fallback: PAGE_LABS, min: 1, max: PAGE_LABS_MAX });
    const after = labBefore(c.req.query('cursor'));
    const nowMs = clock();
    const { ids, newest } = await readStore(storeTimeoutMs, async () => {
      const ids = await store.labs(after, limit + 1, nowMs);
      return { ids, newest: await store.latest(ids.slice(0, limit), nowMs) };
    });
    const page: LabsPage = {
      labs: newest.flatMap((bucket) =>
        // A lab can be in the index before its first commit.
        bucket === undefined ? [] : [labStatus(bucket, expectedIntervalS, nowMs)],
      ),
      next_cursor: ids.length > limit ? cursorAfter(ids[limit - 1]!) : null,
    };
    return c.json(page);
  };
}
