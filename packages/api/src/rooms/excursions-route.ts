import { averageOfThousandths, type LabBucket } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import type { BusyLimit } from '../http/busy-limit.js';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import { type Route, route } from '../http/route.js';
import { TimeZoneParameter } from '../query/local-days.js';
import { metricLimits } from '../query/parameters.js';
import { RangeParameters } from '../query/range-query.js';
import { readQuery } from '../query/read-query.js';
import { seriesSpan } from '../query/series-span.js';
import { FormatParameter, type Table, tableResponse } from '../rows/table.js';
import { type Excursion, excursionsOf } from '../summary/excursions.js';
import { labBasis } from '../summary/lab-basis.js';
import { mergedSpans } from '../summary/merged-spans.js';
import { SelectionParameters, selectedLabs } from './lab-selection.js';
import { seriesOfLabs } from './labs-read.js';

const ExcursionRow = Type.Object(
  {
    lab_id: Type.String(),
    name: Type.Union([Type.String(), Type.Null()]),
    metric: Type.Union([Type.Literal('temp'), Type.Literal('humidity')]),
    side: Type.Union([Type.Literal('above'), Type.Literal('below')]),
    limit: Type.Number({ description: 'the limit that is passed; a value that equals it is within' }),
    start: Rfc3339Time,
    end: Rfc3339Time,
    ongoing: Type.Boolean({ description: 'its last bucket is the current one' }),
    peak: Type.Number({ description: 'the value furthest beyond the limit' }),
    observations: Type.Integer({ minimum: 1, description: 'values of the metric from start to end' }),
    share: Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.Null()], {
      description:
        'of these values, those beyond the limit; null where that needs a histogram and none is kept',
    }),
  },
  { $id: 'Excursion' },
);
type ExcursionRow = Static<typeof ExcursionRow>;

/** Runs of buckets beyond limits. */
export const ExcursionsPage = Type.Object({
  resolution: Type.String({ description: 'duration of the buckets that were looked at' }),
  from: Rfc3339Time,
  to: Rfc3339Time,
  excursions: Type.Array(ExcursionRow),
});

export type ExcursionsPage = Static<typeof ExcursionsPage>;

const COLUMNS = Object.keys(ExcursionRow.properties) as (keyof ExcursionRow)[];

const ExcursionsQuery = Type.Object({
  ...SelectionParameters,
  ...RangeParameters,
  ...TimeZoneParameter,
  ...FormatParameter,
});

/** `GET /excursions`: when labs were beyond their limits, and how far. */
export function excursionsRoute(options: RouteOptions, limit: BusyLimit): Route {
  const { store, grid, clock, directories, expectedIntervalS, storeTimeoutMs, log } = options;
  return route(
    {
      method: 'get',
      path: '/excursions',
      id: 'listExcursions',
      tag: 'labs',
      summary: 'Runs of buckets in which labs were beyond their limits',
      description:
        'A run is of buckets, one behind the other, whose smallest or largest value is beyond a limit: of the query, or else of the labs file. A bucket within the limits ends it, and so does one without values. By lab; of each lab by metric and time. Streamed: an answer that breaks off is not complete, its connection is cut.',
      query: ExcursionsQuery,
      answers: {
        'application/json': ExcursionsPage,
        'application/x-ndjson': ExcursionRow,
        'text/csv': Type.String(),
      },
      problems: [403, 406, 429, 503],
    },
    (c) => {
      const query = readQuery(c, ExcursionsQuery);
      const nowMs = clock();
      const directory = directories.current;
      const basisOf = labBasis(directory, metricLimits(query), expectedIntervalS, nowMs);
      const { source, edgesS, text, isMerged } = seriesSpan(query, grid, nowMs);
      const [startS, endS] = [edgesS[0]!, edgesS.at(-1)!];
      const labs = selectedLabs(query, { store, scope: c.get('scope'), directory, nowMs });
      const rowsOf = (lab: string, buckets: readonly LabBucket[]): ExcursionRow[] => {
        const basis = basisOf(lab);
        const { limits = {} } = basis;
        const { durationS } = source;
        const spans = isMerged
          ? mergedSpans(buckets, edgesS, durationS, basis)
          : buckets.map((bucket) => ({ ...bucket, endS: bucket.startS + durationS }));
        const found = (['temp', 'humidity'] as const).flatMap((metric) => {
          const of = limits[metric];
          return of === undefined ? [] : excursionsOf(spans, metric, of);
        });
        return found.map((one) => excursionRow(lab, directory.of(lab).name, one, nowMs));
      };
      const table = (): Table<ExcursionRow> => ({
        head: { resolution: text, from: rfc3339Time(startS * 1000), to: rfc3339Time(endS * 1000) },
        member: 'excursions',
        columns: COLUMNS.map((name) => [name, (row) => row[name]]),
        pages: flattened(seriesOfLabs(labs, { store, resolution: source, startS, endS, nowMs }, rowsOf)),
        isFinished: endS * 1000 <= nowMs,
      });
      return tableResponse(c, query.format, table, { limit, timeoutMs: storeTimeoutMs, log });
    },
  );
}

async function* flattened<Row>(pages: AsyncIterable<readonly Row[][]>): AsyncGenerator<readonly Row[]> {
  for await (const page of pages) yield page.flat();
}

function excursionRow(
  lab: string,
  name: string | undefined,
  { metric, side, limit, startS, endS, peak, count, share }: Excursion,
  nowMs: number,
): ExcursionRow {
  return {
    lab_id: lab,
    name: name ?? null,
    metric,
    side,
    limit: averageOfThousandths(limit, 1),
    start: rfc3339Time(startS * 1000),
    end: rfc3339Time(endS * 1000),
    ongoing: endS * 1000 > nowMs,
    peak: averageOfThousandths(peak, 1),
    observations: count,
    share,
  };
}
