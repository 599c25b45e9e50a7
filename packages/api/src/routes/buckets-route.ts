import { bucketStartAtOffsetS, bucketStartS, type LabBucket, type Resolution } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import type { BusyLimit } from '../http/busy-limit.js';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import { type Route, route } from '../http/route.js';
import { localDay } from '../query/local-day.js';
import { TimeZoneParameter } from '../query/local-days.js';
import {
  Duration,
  durationText,
  LimitParameters,
  metricLimits,
  resolutionOrPrimary,
  Time,
  timeMs,
} from '../query/parameters.js';
import { badParameter, readQuery } from '../query/read-query.js';
import { selectedLabs } from '../rooms/lab-selection.js';
import { seriesOfLabs } from '../rooms/labs-read.js';
import { INTERVAL_COLUMNS } from '../rows/interval-columns.js';
import { FormatParameter, type Table, tableResponse } from '../rows/table.js';
import { IntervalSummary, intervalSummary } from '../summary/interval-summary.js';
import { labBasis } from '../summary/lab-basis.js';
import { mergedSpans } from '../summary/merged-spans.js';

const BucketRowSchema = Type.Composite([Type.Object({ lab_id: Type.String() }), IntervalSummary], {
  $id: 'BucketRow',
});

/** One bucket of all labs that have it, in no particular order. */
export const BucketsOfLabs = Type.Object({
  resolution: Type.String({ description: 'duration of the bucket' }),
  start: Rfc3339Time,
  end: Rfc3339Time,
  complete: Type.Boolean({ description: 'the interval is over; what comes late is still added' }),
  buckets: Type.Array(BucketRowSchema),
});

export type BucketsOfLabs = Static<typeof BucketsOfLabs>;

const PREVIOUS_BUCKET = -1;
/** Seconds of the years 0 and 10000, between which RFC 3339 can write a time. */
const [YEAR_0_S, YEAR_10000_S] = [-62_167_219_200, 253_402_300_800];

const BucketsQuery = Type.Object({
  offset: Type.Optional(
    Type.Integer({
      minimum: Number.MIN_SAFE_INTEGER,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'buckets from now: 0 the current, -1 the previous, which is the default',
    }),
  ),
  start: Type.Optional(Time),
  resolution: Type.Optional(Duration),
  ...TimeZoneParameter,
  ...FormatParameter,
  ...LimitParameters,
});

/**
 * `GET /buckets`. Rows are sent as the store gives them and as fast as the client reads them. A store that fails
 * before the first is a problem; one that fails later breaks the connection, so that nobody takes a part for all.
 */
export function bucketsRoute(options: RouteOptions, limit: BusyLimit): Route {
  const { store, grid, clock, expectedIntervalS, directories, storeTimeoutMs, log } = options;
  return route(
    {
      method: 'get',
      path: '/buckets',
      id: 'getBuckets',
      tag: 'labs',
      summary: 'One bucket of all labs that have it, in no particular order',
      description:
        'Streamed. An answer that breaks off is not complete: its connection is cut. In NDJSON and CSV each row is a bucket.',
      query: BucketsQuery,
      answers: {
        'application/json': BucketsOfLabs,
        'application/x-ndjson': BucketRowSchema,
        'text/csv': Type.String(),
      },
      problems: [406, 429, 503],
    },
    async (c) => {
      const query = readQuery(c, BucketsQuery);
      if (query.start !== undefined && query.offset !== undefined)
        throw badParameter('start', 'not given together with offset');
      const nowMs = clock();
      const basisOf = labBasis(directories.current, metricLimits(query), expectedIntervalS, nowMs);
      const { tz, offset = PREVIOUS_BUCKET } = query;
      const day = tz === undefined ? undefined : localDay({ ...query, tz, offset }, grid, nowMs);
      const resolution = day?.source ?? resolutionOrPrimary(grid, query.resolution);
      const startS = day?.startS ?? bucketStart(query, resolution, grid.alignmentS, nowMs);
      const endS = day?.endS ?? startS + resolution.durationS;
      const scope = c.get('scope');
      const row = ({ lab, aggregate }: LabBucket) => ({
        lab_id: lab,
        ...intervalSummary(aggregate, startS, endS, basisOf(lab)),
      });
      const dayRow = (lab: string, buckets: readonly LabBucket[]) => {
        const basis = basisOf(lab);
        const [span] = mergedSpans(buckets, [startS, endS], resolution.durationS, basis);
        const { aggregate, coverage } = span!;
        return { lab_id: lab, ...intervalSummary(aggregate, startS, endS, basis, coverage) };
      };
      const pages = () => {
        if (day === undefined)
          return rowsOf(store.buckets('all', resolution, startS, nowMs), scope.allows, row);
        const directory = directories.current;
        const labs = day.isKept ? selectedLabs({}, { store, scope, directory, nowMs }) : noLabs();
        return withObservations(seriesOfLabs(labs, { store, resolution, startS, endS, nowMs }, dayRow));
      };
      const table = (): Table<BucketRow> => ({
        head: {
          resolution: day === undefined ? durationText(resolution) : '1d',
          start: rfc3339Time(startS * 1000),
          end: rfc3339Time(endS * 1000),
          complete: endS * 1000 <= nowMs,
        },
        member: 'buckets',
        columns: [['lab_id', ({ lab_id }) => lab_id], ...INTERVAL_COLUMNS],
        pages: pages(),
        isFinished: endS * 1000 <= nowMs,
      });
      return tableResponse(c, query.format, table, { limit, timeoutMs: storeTimeoutMs, log });
    },
  );
}

type BucketRow = Static<typeof BucketRowSchema>;

/** Pages of rows, of the labs that are allowed. */
async function* rowsOf<Row>(
  pages: AsyncIterable<readonly LabBucket[]>,
  allows: (lab: string) => boolean,
  row: (bucket: LabBucket) => Row,
): AsyncGenerator<readonly Row[]> {
  for await (const page of pages) yield page.filter(({ lab }) => allows(lab)).map(row);
}

/** Rows of labs that have any. */
async function* withObservations(pages: AsyncIterable<readonly BucketRow[]>): AsyncGenerator<BucketRow[]> {
  for await (const page of pages) yield page.filter(({ observations }) => observations > 0);
}

async function* noLabs(): AsyncGenerator<readonly string[]> {}

/** @throws ProblemError with status 400 where the query names two buckets, or one that no calendar has. */
function bucketStart(
  { start, offset = PREVIOUS_BUCKET }: Static<typeof BucketsQuery>,
  resolution: Resolution,
  alignmentS: number,
  nowMs: number,
): number {
  const startS =
    start === undefined
      ? bucketStartAtOffsetS(nowMs, offset, resolution, alignmentS)
      : bucketStartS(timeMs('start', start), resolution.durationS, alignmentS);
  if (startS >= YEAR_0_S && startS + resolution.durationS < YEAR_10000_S) return startS;
  throw badParameter(start === undefined ? 'offset' : 'start', 'that of a bucket in the years 0 to 9999');
}
