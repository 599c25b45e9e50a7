import { bucketStartAtOffsetS, isLabId, primaryResolution, REJECTION_ADVICE } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { Handler } from 'hono';
import type { RouteOptions } from './api-options.js';
import { BucketSummary, bucketSummary } from './bucket-summary.js';
import { LabStatus, labStatus } from './lab-status.js';
import { ProblemError } from './problem.js';
import { readStore } from './store-read.js';

const SummaryIfAny = Type.Union([BucketSummary, Type.Null()]);

/** One lab, with its current and previous bucket of the primary resolution; `null` where it has none. */
export const LabReport = Type.Composite([
  LabStatus,
  Type.Object({ current: SummaryIfAny, previous: SummaryIfAny }),
]);

export type LabReport = Static<typeof LabReport>;

/** `GET /labs/{lab_id}`. The slashes of a lab id may be written as they are or as %2F. */
export function labRoute(options: RouteOptions): Handler {
  const { store, grid, clock, expectedIntervalS, storeTimeoutMs } = options;
  const resolution = primaryResolution(grid);
  return async (c) => {
    const lab = c.req.param('lab') ?? '';
    if (!isLabId(lab)) throw new ProblemError({ status: 400, detail: REJECTION_ADVICE.lab_id });
    const nowMs = clock();
    const [previousS, currentS, nextS] = [-1, 0, 1].map((offset) =>
      bucketStartAtOffsetS(nowMs, offset, resolution, grid.alignmentS),
    ) as [number, number, number];
    const [[newest], buckets] = await readStore(storeTimeoutMs, () =>
      Promise.all([store.latest([lab], nowMs), store.series(lab, resolution, previousS, nextS, nowMs)]),
    );
    if (newest === undefined) throw new ProblemError({ status: 404, detail: `no lab ${lab} is known` });
    const summaryAt = (startS: number) => {
      const bucket = buckets.find((bucket) => bucket.startS === startS);
      return bucket === undefined ? null : bucketSummary(bucket, resolution, nowMs);
    };
    const report: LabReport = {
      ...labStatus(newest, expectedIntervalS, nowMs),
      current: summaryAt(currentS),
      previous: summaryAt(previousS),
    };
    return c.json(report);
  };
}
