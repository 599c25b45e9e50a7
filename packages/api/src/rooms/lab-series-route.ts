import { averageOfThousandths, type LabBucket, type MetricAggregate } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import type { BusyLimit } from '../http/busy-limit.js';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import { type Route, route } from '../http/route.js';
import { Duration, durationText, resolutionOf, Time } from '../query/parameters.js';
import { timeRange } from '../query/range-query.js';
import { readQuery } from '../query/read-query.js';
import { checkCount } from '../query/series-limit.js';
import { bucketCount, bucketRange, resolutionForSeries } from '../query/time-range.js';
import { FormatParameter, type Table, tableResponse } from '../rows/table.js';
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
  duration_s: Type.Integer({ minimum: 1 }),
  from: Rfc3339Time,
  to: Rfc3339Time,
  labs: Type.Array(LabSeriesRow),
});

export type SeriesOfLabs = Static<typeof SeriesOfLabs>;

const BUCKETS_PICKED_MAX = 300;

const SeriesQuery = Type.Object({
  ...SelectionParameters,
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  resolution: Type.Optional(Duration),
  ...FormatParameter,
});

/** One bucket of one lab, as a line of CSV. */
interface SeriesLine {
  readonly row: LabSeriesRow;
  readonly index: number;
}

/** `GET /lab-series`: what sparklines of many labs need, in one answer. */
export function labSeriesRoute(options: RouteOptions, limit: BusyLimit): Route {
  const { store, grid, clock, directories, storeTimeoutMs, log } = options;
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
      const range = timeRange(query, nowMs);
      const resolution =
        query.resolution === undefined
          ? resolutionForSeries(range, grid, nowMs, BUCKETS_PICKED_MAX)
          : resolutionOf(grid, query.resolution);
      const { startS, endS } = bucketRange(range, resolution, grid, nowMs);
      const { durationS } = resolution;
      const count = bucketCount({ startS, endS }, resolution);
      checkCount(count);
      const directory = directories.current;
      const labs = selectedLabs(query, { store, scope: c.get('scope'), directory, nowMs });
      const read = { store, resolution, startS, endS, nowMs };
      const rowOf = (lab: string, buckets: readonly LabBucket[]): LabSeriesRow => ({
        lab_id: lab,
        name: directory.of(lab).name ?? null,
        temp: metricSeries(buckets, 'temp', startS, durationS, count),
        humidity: metricSeries(buckets, 'humidity', startS, durationS, count),
      });
      const time = (index: number) => rfc3339Time((startS + index * durationS) * 1000);
      const table = (): Table<LabSeriesRow, SeriesLine> => ({
        head: {
          resolution: durationText(resolution),
          duration_s: durationS,
          from: rfc3339Time(startS * 1000),
          to: rfc3339Time(endS * 1000),
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
        pages: seriesOfLabs(labs, read, rowOf),
        isFinished: endS * 1000 <= nowMs,
      });
      return tableResponse(c, query.format, table, { limit, timeoutMs: storeTimeoutMs, log });
    },
  );
}

function metricSeries(
  buckets: readonly LabBucket[],
  name: 'temp' | 'humidity',
  startS: number,
  durationS: number,
  count: number,
): MetricSeries {
  const nulls = () => new Array<number | null>(count).fill(null);
  const series = { count: new Array<number>(count).fill(0), avg: nulls(), min: nulls(), max: nulls() };
  for (const bucket of buckets) {
    const metric: MetricAggregate = bucket.aggregate[name];
    if (metric.count === 0) continue;
    const index = (bucket.startS - startS) / durationS;
    series.count[index] = metric.count;
    series.avg[index] = averageOfThousandths(metric.sum, metric.count);
    series.min[index] = averageOfThousandths(metric.min, 1);
    series.max[index] = averageOfThousandths(metric.max, 1);
  }
  return series;
}
