import { emptyAggregate } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import { cacheControl, revalidated } from '../http/caching.js';
import { compressed } from '../http/compression.js';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import { type Route, route } from '../http/route.js';
import { readStore } from '../http/store-read.js';
import { LabIdParameter, labResourcePattern } from '../labs/resource-path.js';
import { unknownLab } from '../labs/unknown-lab.js';
import { TimeZoneParameter } from '../query/local-days.js';
import { labOfPath, metricLimits } from '../query/parameters.js';
import { RangeParameters } from '../query/range-query.js';
import { readQuery } from '../query/read-query.js';
import { BUCKETS_PICKED_MAX, seriesSpan } from '../query/series-span.js';
import { csvAnswer, JsonOrCsvParameter, wantsCsv } from '../rows/csv-answer.js';
import { INTERVAL_COLUMNS } from '../rows/interval-columns.js';
import { IntervalSummary, intervalSummary } from '../summary/interval-summary.js';
import { labBasis } from '../summary/lab-basis.js';
import { mergedSpans } from '../summary/merged-spans.js';

/** A lab's buckets, oldest first, without a gap: one without observations says so. */
export const LabSeries = Type.Object({
  lab_id: Type.String(),
  resolution: Type.String({ description: 'duration of each bucket' }),
  from: Rfc3339Time,
  to: Rfc3339Time,
  buckets: Type.Array(IntervalSummary),
});

export type LabSeries = Static<typeof LabSeries>;

const RESOURCE = '/buckets';
const SeriesQuery = Type.Object({ ...RangeParameters, ...TimeZoneParameter, ...JsonOrCsvParameter });

/** `GET /labs/{lab_id}/buckets`. */
export function labBucketsRoute(options: RouteOptions): Route {
  const { store, grid, clock, expectedIntervalS, directories, storeTimeoutMs } = options;
  return route(
    {
      method: 'get',
      path: '/labs/{lab_id}/buckets',
      pattern: labResourcePattern(RESOURCE),
      id: 'getLabBuckets',
      tag: 'labs',
      summary: "A lab's buckets over a range of time",
      description: `The range is widened to bucket borders and cut to what is kept; from and to of the answer say what it became. Without a resolution it is the finest that gives at most ${BUCKETS_PICKED_MAX} buckets and is kept for long enough. In CSV each row is a bucket.`,
      parameters: { lab_id: LabIdParameter },
      query: SeriesQuery,
      answers: { 'application/json': LabSeries, 'text/csv': Type.String() },
      problems: [403, 404, 503],
      revalidates: true,
    },
    compressed,
    revalidated,
    async (c) => {
      const lab = labOfPath(c, RESOURCE);
      const query = readQuery(c, SeriesQuery);
      const nowMs = clock();
      const basis = labBasis(directories.current, metricLimits(query), expectedIntervalS, nowMs)(lab);
      const { source, edgesS, text, isMerged } = seriesSpan(query, grid, nowMs);
      const { durationS } = source;
      const [startS, endS] = [edgesS[0]!, edgesS.at(-1)!];

      const [[newest], found] = await readStore(storeTimeoutMs, () =>
        Promise.all([store.latest([lab], nowMs), store.series(lab, source, startS, endS, nowMs)]),
      );
      if (newest === undefined) throw unknownLab(lab);
      const byStart = new Map(found.map((bucket) => [bucket.startS, bucket.aggregate]));
      const buckets = isMerged
        ? mergedSpans(found, edgesS, durationS, basis).map((span) =>
            intervalSummary(span.aggregate, span.startS, span.endS, basis, span.coverage),
          )
        : edgesS
            .slice(0, -1)
            .map((s) => intervalSummary(byStart.get(s) ?? emptyAggregate(), s, s + durationS, basis));
      cacheControl(c, endS * 1000 <= nowMs);
      if (wantsCsv(c, query.format))
        return csvAnswer(c, [['lab_id', () => lab], ...INTERVAL_COLUMNS], buckets);
      return c.json({
        lab_id: lab,
        resolution: text,
        from: rfc3339Time(startS * 1000),
        to: rfc3339Time(endS * 1000),
        buckets,
      } satisfies LabSeries);
    },
  );
}
