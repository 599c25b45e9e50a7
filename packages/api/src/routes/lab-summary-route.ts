import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import { cacheControl, revalidated } from '../http/caching.js';
import { compressed } from '../http/compression.js';
import { type Route, route } from '../http/route.js';
import { readStore } from '../http/store-read.js';
import { LabIdParameter, labResourcePattern } from '../labs/resource-path.js';
import { unknownLab } from '../labs/unknown-lab.js';
import { TimeZoneParameter } from '../query/local-days.js';
import { durationText, labOfPath, metricLimits } from '../query/parameters.js';
import { RangeParameters } from '../query/range-query.js';
import { readQuery } from '../query/read-query.js';
import { IntervalSummary } from '../summary/interval-summary.js';
import { labBasis } from '../summary/lab-basis.js';
import { fineRead, RangeExtraParameters, RangeExtras } from '../summary/range-extras.js';
import { rangeSpan } from '../summary/range-span.js';
import { rangeSummary } from '../summary/range-summary.js';

/** A lab's buckets of a range, merged into one summary. */
export const LabRangeSummary = Type.Composite([
  Type.Object({
    lab_id: Type.String(),
    resolution: Type.String({ description: 'duration of the buckets that were merged' }),
  }),
  IntervalSummary,
  RangeExtras,
]);

export type LabRangeSummary = Static<typeof LabRangeSummary>;

const RESOURCE = '/summary';
const RangeQuery = Type.Object({ ...RangeParameters, ...TimeZoneParameter, ...RangeExtraParameters });

/** `GET /labs/{lab_id}/summary`. */
export function labSummaryRoute(options: RouteOptions): Route {
  const { store, grid, clock, expectedIntervalS, directories, storeTimeoutMs } = options;
  return route(
    {
      method: 'get',
      path: '/labs/{lab_id}/summary',
      pattern: labResourcePattern(RESOURCE),
      id: 'getLabSummary',
      tag: 'labs',
      summary: 'One summary of a lab over a range of time',
      description:
        'The range is widened to bucket borders and cut to what is kept; start and end of the answer say what it became.',
      parameters: { lab_id: LabIdParameter },
      query: RangeQuery,
      answers: { 'application/json': LabRangeSummary },
      problems: [403, 404, 503],
      revalidates: true,
    },
    compressed,
    revalidated,
    async (c) => {
      const lab = labOfPath(c, RESOURCE);
      const query = readQuery(c, RangeQuery);
      const nowMs = clock();
      const basis = labBasis(directories.current, metricLimits(query), expectedIntervalS, nowMs)(lab);
      const span = rangeSpan(query, grid, nowMs);
      const { resolution, startS, endS } = span;
      const fine = fineRead(query, span, grid, nowMs);
      const [[newest], buckets, fineBuckets] = await readStore(storeTimeoutMs, () =>
        Promise.all([
          store.latest([lab], nowMs),
          store.series(lab, resolution, startS, endS, nowMs),
          fine === undefined ? [] : store.series(lab, fine.resolution, fine.startS, fine.endS, nowMs),
        ]),
      );
      if (newest === undefined) throw unknownLab(lab);
      cacheControl(c, endS * 1000 <= nowMs);
      return c.json({
        lab_id: lab,
        resolution: durationText(resolution),
        ...rangeSummary(buckets, span, basis, query, fine, fineBuckets),
      } satisfies LabRangeSummary);
    },
  );
}
