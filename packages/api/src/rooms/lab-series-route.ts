import { type Aggregate, averageOfThousandths, emptyAggregate, type LabBucket } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import type { BusyLimit } from '../http/busy-limit.js';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import { type Route, route } from '../http/route.js';
import { TimeZoneParameter } from '../query/local-days.js';
import { Duration, LimitParameters, metricLimits, Time } from '../query/parameters.js';
import { readQuery } from '../query/read-query.js';
import { BUCKETS_PICKED_MAX, seriesSpan } from '../query/series-span.js';
import { FormatParameter, type Table, tableResponse } from '../rows/table.js';
import { bucketCoverage } from '../summary/coverage.js';
import { type MetricName, shareWithinLimits } from '../summary/distribution.js';
import type { SummaryBasis } from '../summary/interval-summary.js';
import { labBasis } from '../summary/lab-basis.js';
import { mergedSpans } from '../summary/merged-spans.js';
import { SelectionParameters, selectedLabs } from './lab-selection.js';
import { seriesOfLabs } from './labs-read.js';

const Values = Type.Array(Type.Union([Type.Number(), Type.Null()]));
const Shares = Type.Array(Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.Null()]));

const MetricSeries = Type.Object(
  {
    count: Type.Array(Type.Integer({ minimum: 0 })),
    avg: Values,
    min: Values,
    max: Values,
    in_range: Type.Optional(Shares),
  },
  { $id: 'MetricSeries', description: 'one value for each bucket, in their order; null where it has none' },
);

/** A lab's buckets as columns of numbers: a tenth of the bytes of their summaries. */
const LabSeriesRow = Type.Object(
  {
    lab_id: Type.String(),
    name: Type.Union([Type.String(), Type.Null()]),
    temp: MetricSeries,
    humidity: MetricSeries,
    coverage: Type.Optional(Shares),
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
  shares: Type.Optional(
    Type.Boolean({
      description:
        'true: the coverage of each bucket, too, and of each metric that has limits the share of observations within them, as in the summary of a bucket',
    }),
  ),
  ...LimitParameters,
  ...TimeZoneParameter,
  ...FormatParameter,
});

const NOTHING = emptyAggregate();
const COLUMNS = ['count', 'avg', 'min', 'max'] as const;

/** A bucket, or buckets merged, with their coverage. */
interface Span {
  readonly aggregate: Aggregate;
  readonly coverage: number | null;
}

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
      const basisOf = labBasis(directory, metricLimits(query), expectedIntervalS, nowMs);
      const withShares = query.shares ?? false;
      const labs = selectedLabs(query, { store, scope: c.get('scope'), directory, nowMs });
      const rowOf = (lab: string, buckets: readonly LabBucket[]): LabSeriesRow => {
        const basis = basisOf(lab);
        const spans = isMerged
          ? mergedSpans(buckets, edgesS, source.durationS, basis).map(({ aggregate, coverage: { any } }) => ({
              aggregate,
              coverage: any,
            }))
          : spansOf(buckets, edgesS, source.durationS, withShares ? basis : undefined);
        return {
          lab_id: lab,
          name: directory.of(lab).name ?? null,
          temp: metricSeries(spans, 'temp', withShares ? basis : undefined),
          humidity: metricSeries(spans, 'humidity', withShares ? basis : undefined),
          ...(withShares ? { coverage: spans.map(({ coverage }) => coverage) } : {}),
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
            [...COLUMNS, ...(withShares ? (['in_range'] as const) : [])].map(
              (of) =>
                [
                  `${metric}_${of}`,
                  ({ row, index }: SeriesLine) => row[metric][of]?.[index] ?? null,
                ] as const,
            ),
          ),
          ...(withShares
            ? [['coverage', ({ row, index }: SeriesLine) => row.coverage?.[index] ?? null] as const]
            : []),
        ],
        linesOf: (row) => Array.from({ length: count }, (_, index) => ({ row, index })),
        pages: seriesOfLabs(
          labs,
          { store, resolution: source, startS, endS, nowMs, withHistograms: withShares },
          rowOf,
        ),
        isFinished: endS * 1000 <= nowMs,
      });
      return tableResponse(c, query.format, table, { limit, timeoutMs: storeTimeoutMs, log });
    },
  );
}

/** What lies between edges; with its coverage by a basis, if given. */
function spansOf(
  buckets: readonly LabBucket[],
  edgesS: readonly number[],
  durationS: number,
  basis: SummaryBasis | undefined,
): readonly Span[] {
  const byStart = new Map(buckets.map(({ startS, aggregate }) => [startS, aggregate]));
  return edgesS.slice(0, -1).map((startS) => {
    const aggregate = byStart.get(startS) ?? NOTHING;
    if (basis === undefined) return { aggregate, coverage: null };
    const [startMs, endMs] = [startS * 1000, (startS + durationS) * 1000];
    const { any } = bucketCoverage(aggregate, startMs, endMs, basis.nowMs, basis.expectedIntervalS);
    return { aggregate, coverage: any };
  });
}

/** The columns of a metric; with the share in range by the limits of a basis, if there are any. */
function metricSeries(
  spans: readonly Span[],
  name: MetricName,
  basis: SummaryBasis | undefined,
): MetricSeries {
  const series: MetricSeries = { count: [], avg: [], min: [], max: [] };
  const limits = basis?.limits?.[name];
  const inRange: (number | null)[] = [];
  for (const { aggregate } of spans) {
    const metric = aggregate[name];
    const has = metric.count > 0;
    series.count.push(has ? metric.count : 0);
    series.avg.push(has ? averageOfThousandths(metric.sum, metric.count) : null);
    series.min.push(has ? averageOfThousandths(metric.min, 1) : null);
    series.max.push(has ? averageOfThousandths(metric.max, 1) : null);
    if (limits !== undefined) inRange.push(has ? shareWithinLimits(metric, name, limits) : null);
  }
  return limits === undefined ? series : { ...series, in_range: inRange };
}
