import { bucketStartAtOffsetS, type LabSummary, labSummary, primaryResolution } from '@humtemp/bucket-core';
import type { Handler } from 'hono';
import type { RouteOptions } from './api-options.js';
import { integerParameter } from './integer-parameter.js';
import { allPages, readStore } from './store-read.js';

const PREVIOUS_BUCKET = -1;

/** `GET /summary?offset=-1`, the original contract: the averages of every lab in one bucket of the primary resolution. */
export function summaryRoute({ store, grid, clock, storeTimeoutMs }: RouteOptions): Handler {
  const resolution = primaryResolution(grid);
  return async (c) => {
    const offset = integerParameter(c, 'offset', { fallback: PREVIOUS_BUCKET });
    const nowMs = clock();
    const startS = bucketStartAtOffsetS(nowMs, offset, resolution, grid.alignmentS);
    // Beyond all time there is no bucket, and no exact start to ask the store for.
    if (!Number.isSafeInteger(startS)) return c.json([] satisfies LabSummary[]);
    const buckets = await readStore(storeTimeoutMs, (signal) =>
      allPages(store.summaries(resolution, startS, nowMs), signal),
    );
    buckets.sort((a, b) => (a.lab < b.lab ? -1 : 1));
    return c.json(buckets.map(({ lab, aggregate }): LabSummary => labSummary(lab, aggregate)));
  };
}
