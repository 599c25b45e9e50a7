import { type Aggregate, averageOfThousandths, type LabBucket } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import type { BusyLimit } from '../http/busy-limit.js';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import { type Route, route } from '../http/route.js';
import { TimeZoneParameter } from '../query/local-days.js';
import { Duration, Time } from '../query/parameters.js';
import { readQuery } from '../query/read-query.js';
import { BUCKETS_PICKED_MAX, seriesSpan } from '../query/series-span.js';
import { FormatParameter, type Table, tableResponse } from '../rows/table.js';
import { labBasis } from '../summary/lab-basis.js';
import { mergedSpans } from '../summary/merged-spans.js';
import { SelectionParameters, selectedLabs } from './lab-selection.js';
import { seriesOfLabs } from './labs-read.js';

const Values = Type.Array(Type.Union([Type.Number(), Type.Null()]));

const MetricSeries = Type.Object(
  { count: Type.Array(Type.Integer({ minimum: 0 })), avg: Values, min: Values, max: Values },
  { $id: 'MetricSeries', description: 'one value for each bucket, in their order; null where it has none' },
);

/** A lab's buckets as columns of numbers: a tenth of the bytes of their summaries. */
const LabSeriesRow = Type.Object(
  {
    lab_id: Type.String(),
    name: Type.Union([Type.String(), Type.Null()]),
    temp: MetricSeries,
    humidity: MetricSeries,
  },
  { $id: 'LabSeriesRow' },
);
type LabSeriesRow = Static<typeof LabSeriesRow>;
type MetricSeries = Static<typeof MetricSeries>;

/** Series of many labs, over the same buckets. */
export const SeriesOfLabs = Type.Object({
  resolution: Type.String({ description: 'duration of each bucket' }),
  from: Rfc3339Time,
  to: Rfc3339Time,
  starts: Type.Array(Rfc3339Time, { description: 'where each bucket begins' }),
  labs: Type.Array(LabSeriesRow),
});

export type SeriesOfLabs = Static<typeof SeriesOfLabs>;

const SeriesQuery = Type.Object({
  ...SelectionParameters,
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  resolution: Type.Optional(Duration),
  ...TimeZoneParameter,
  ...FormatParameter,
});

/** One bucket of one lab, as a line of CSV. */
interface SeriesLine {
  readonly row: LabSeriesRow;
  readonly index: number;
}

/** `GET /lab-series`: what sparklines of many labs need, in one answer. */
export function labSeriesRoute(options: RouteOptions, limit: BusyLimit): Route {
  const { store, grid, clock, directories, expectedIntervalS, storeTimeoutMs, log } = options;
  return route(
    {
      method: 'get',
      path: '/lab-series',
      id: 'getLabSeries',
      tag: 'labs',
      summary: 'The buckets of many labs over a range of time, as columns of numbers',
      description: `Of the labs named, or of those with the prefix or group, or of all. Streamed: an answer that breaks off is not complete, its connection is cut. In NDJSON each row is a lab, in CSV a bucket of a lab. Without a resolution it is the finest that gives at most ${BUCKETS_PICKED_MAX} buckets and is kept for long enough.`,
      query: SeriesQuery,
      answers: {
        'application/json': SeriesOfLabs,
        'application/x-ndjson': LabSeriesRow,
        'text/csv': Type.String(),
      },
      problems: [403, 406, 429, 503],
    },
    (c) => {
      const query = readQuery(c, SeriesQuery);
      const nowMs = clock();
      const span = seriesSpan(query, grid, nowMs);
      const { source, edgesS, text, isMerged } = span;
      const [startS, endS] = [edgesS[0]!, edgesS.at(-1)!];
      const count = edgesS.length - 1;
      const directory = directories.current;
      const basisOf = labBasis(directory, {}, expectedIntervalS, nowMs);
      const labs = selectedLabs(query, { store, scope: c.get('scope'), directory, nowMs });
      const rowOf = (lab: string, buckets: readonly LabBucket[]): LabSeriesRow => {
        const aggregates = new Array<Aggregate | undefined>(count);
        if (isMerged)
          for (const [i, { aggregate }] of mergedSpans(
            buckets,
            edgesS,
            source.durationS,
            basisOf(lab),
          ).entries())
            aggregates[i] = aggregate;
        else
          for (const bucket of buckets)
            aggregates[(bucket.startS - startS) / source.durationS] = bucket.aggregate;
        return {
          lab_id: lab,
          name: directory.of(lab).name ?? null,
          temp: metricSeries(aggregates, 'temp'),
          humidity: metricSeries(aggregates, 'humidity'),
        };
      };
      const time = (index: number) => rfc3339Time(edgesS[index]! * 1000);
      const table = (): Table<LabSeriesRow, SeriesLine> => ({
        head: {
          resolution: text,
          from: rfc3339Time(startS * 1000),
          to: rfc3339Time(endS * 1000),
          starts: edgesS.slice(0, -1).map((s) => rfc3339Time(s * 1000)),
        },
        member: 'labs',
        columns: [
          ['lab_id', ({ row }) => row.lab_id],
          ['name', ({ row }) => row.name],
          ['start', ({ index }) => time(index)],
          ['end', ({ index }) => time(index + 1)],
          ...(['temp', 'humidity'] as const).flatMap((metric) =>
            (['count', 'avg', 'min', 'max'] as const).map(
              (of) => [`${metric}_${of}`, ({ row, index }: SeriesLine) => row[metric][of][index]] as const,
            ),
          ),
        ],
        linesOf: (row) => Array.from({ length: count }, (_, index) => ({ row, index })),
        pages: seriesOfLabs(
          labs,
          { store, resolution: source, startS, endS, nowMs, withHistograms: false },
          rowOf,
        ),
        isFinished: endS * 1000 <= nowMs,
      });
      return tableResponse(c, query.format, table, { limit, timeoutMs: storeTimeoutMs, log });
    },
  );
}

function metricSeries(
  aggregates: readonly (Aggregate | undefined)[],
  name: 'temp' | 'humidity',
): MetricSeries {
  const series: MetricSeries = { count: [], avg: [], min: [], max: [] };
  for (let i = 0; i < aggregates.length; i++) {
    const metric = aggregates[i]?.[name];
    const has = metric !== undefined && metric.count > 0;
    series.count.push(has ? metric.count : 0);
    series.avg.push(has ? averageOfThousandths(metric.sum, metric.count) : null);
    series.min.push(has ? averageOfThousandths(metric.min, 1) : null);
    series.max.push(has ? averageOfThousandths(metric.max, 1) : null);
  }
  return series;
}
