import { bucketStartAtOffsetS, primaryResolution } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import { compressed } from '../http/compression.js';
import { type Route, route } from '../http/route.js';
import { readStore } from '../http/store-read.js';
import { LabStatus, labStatus } from '../labs/lab-status.js';
import { latestOfLabs } from '../labs/latest-of-labs.js';
import { LAB_PATTERN, LabIdParameter } from '../labs/resource-path.js';
import { unknownLab } from '../labs/unknown-lab.js';
import { LimitParameters, labOfPath, metricLimits } from '../query/parameters.js';
import { readQuery } from '../query/read-query.js';
import { IntervalSummary, intervalSummary } from '../summary/interval-summary.js';
import { labBasis } from '../summary/lab-basis.js';

const SummaryIfAny = Type.Union([IntervalSummary, Type.Null()]);

/** One lab, with its current and previous bucket of the primary resolution; `null` where it has none. */
export const LabReport = Type.Composite([
  LabStatus,
  Type.Object({ current: SummaryIfAny, previous: SummaryIfAny }),
]);

export type LabReport = Static<typeof LabReport>;

const LabQuery = Type.Object(LimitParameters);

/** `GET /labs/{lab_id}`. */
export function labRoute(options: RouteOptions): Route {
  const { store, grid, clock, expectedIntervalS, directories, storeTimeoutMs } = options;
  const resolution = primaryResolution(grid);
  return route(
    {
      method: 'get',
      path: '/labs/{lab_id}',
      pattern: LAB_PATTERN,
      id: 'getLab',
      tag: 'labs',
      summary: 'One lab, with its current and previous bucket of the primary resolution',
      parameters: { lab_id: LabIdParameter },
      query: LabQuery,
      answers: { 'application/json': LabReport },
      problems: [403, 404, 503],
    },
    compressed,
    async (c) => {
      const lab = labOfPath(c);
      const limits = metricLimits(readQuery(c, LabQuery));
      const nowMs = clock();
      const basis = labBasis(directories.current, limits, expectedIntervalS, nowMs)(lab);
      const [previousS, currentS, nextS] = [-1, 0, 1].map((offset) =>
        bucketStartAtOffsetS(nowMs, offset, resolution, grid.alignmentS),
      ) as [number, number, number];
      const [[newest], buckets] = await readStore(storeTimeoutMs, () =>
        Promise.all([
          latestOfLabs(options, [lab], nowMs),
          store.series(lab, resolution, previousS, nextS, nowMs),
        ]),
      );
      if (newest === undefined) throw unknownLab(lab);
      const summaryAt = (startS: number) => {
        const bucket = buckets.find((bucket) => bucket.startS === startS);
        return bucket === undefined
          ? null
          : intervalSummary(bucket.aggregate, startS, startS + resolution.durationS, basis);
      };
      return c.json({
        ...labStatus(newest, directories.current.of(lab), expectedIntervalS, nowMs),
        current: summaryAt(currentS),
        previous: summaryAt(previousS),
      } satisfies LabReport);
    },
  );
}
