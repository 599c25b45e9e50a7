import type { HttpBindings } from '@hono/node-server';
import { bucketStartAtOffsetS, bucketStartS, type Resolution } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { Context } from 'hono';
import type { RouteOptions } from '../api-options.js';
import type { BusyLimit } from '../http/busy-limit.js';
import { cacheControl } from '../http/caching.js';
import { clientOf } from '../http/client.js';
import { acceptsGzip, gzipped } from '../http/gzip-stream.js';
import { acceptedType } from '../http/negotiation.js';
import { ProblemError } from '../http/problem.js';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import { type Route, route } from '../http/route.js';
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
import { CSV_FORMAT, jsonFormat, NDJSON_FORMAT, type RowFormat } from '../rows/bucket-rows.js';
import { rowStream } from '../rows/row-stream.js';
import { IntervalSummary, intervalSummary } from '../summary/interval-summary.js';

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

const TYPES = ['application/json', 'application/x-ndjson', 'text/csv'] as const;
type MediaType = (typeof TYPES)[number];

const TYPE_OF_FORMAT = { json: TYPES[0], ndjson: TYPES[1], csv: TYPES[2] } as const;
const CONTENT_TYPE: Readonly<Record<MediaType, string>> = {
  'application/json': 'application/json',
  'application/x-ndjson': 'application/x-ndjson',
  'text/csv': 'text/csv; charset=utf-8; header=present',
};
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
  format: Type.Optional(
    Type.Union([Type.Literal('json'), Type.Literal('ndjson'), Type.Literal('csv')], {
      description: 'json, ndjson or csv; it goes before the header Accept',
    }),
  ),
  ...LimitParameters,
});

/**
 * `GET /buckets`. Rows are sent as the store gives them and as fast as the client reads them. A store that fails
 * before the first is a problem; one that fails later breaks the connection, so that nobody takes a part for all.
 */
export function bucketsRoute(options: RouteOptions, limit: BusyLimit): Route {
  const { store, grid, clock, expectedIntervalS, storeTimeoutMs, log } = options;
  return route(
    {
      method: 'get',
      path: '/buckets',
      id: 'getBuckets',
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
      const type = mediaType(c, query.format);
      const nowMs = clock();
      const basis = { nowMs, expectedIntervalS, limits: metricLimits(query) };
      const resolution = resolutionOrPrimary(grid, query.resolution);
      const startS = bucketStart(query, resolution, grid.alignmentS, nowMs);
      const endS = startS + resolution.durationS;
      const head = {
        resolution: durationText(resolution),
        start: rfc3339Time(startS * 1000),
        end: rfc3339Time(endS * 1000),
        complete: endS * 1000 <= nowMs,
      };
      const scope = c.get('scope');
      const stream = await rowStream(store.buckets('all', resolution, startS, nowMs), {
        format: formatOf(type, head),
        isShown: ({ lab }) => scope.allows(lab),
        row: ({ lab, aggregate }) => ({ lab_id: lab, ...intervalSummary(aggregate, startS, endS, basis) }),
        timeoutMs: storeTimeoutMs,
        onEnd: limit.enter(clientOf(c)),
        cut: (error) => {
          log.warn({ err: error }, 'the store failed in the middle of an answer, which is cut');
          const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
          outgoing?.destroy();
          return outgoing !== undefined;
        },
      });
      cacheControl(c, head.complete);
      c.header('content-type', CONTENT_TYPE[type]);
      c.header('vary', 'Accept, Accept-Encoding', { append: true });
      const isCompressed = acceptsGzip(c.req.header('accept-encoding'));
      if (isCompressed) c.header('content-encoding', 'gzip');
      if (c.req.method !== 'HEAD') return c.body(isCompressed ? gzipped(stream) : stream);
      await stream.cancel();
      return c.body(null);
    },
  );
}

/** @throws ProblemError with status 406 where the client takes none of what there is. */
function mediaType(c: Context, format: keyof typeof TYPE_OF_FORMAT | undefined): MediaType {
  const type = format === undefined ? acceptedType(c.req.header('accept'), TYPES) : TYPE_OF_FORMAT[format];
  if (type !== undefined) return type;
  throw new ProblemError({
    status: 406,
    detail: `there is ${TYPES.join(', ')}, and Accept takes none of them`,
  });
}

function formatOf(type: MediaType, head: object): RowFormat {
  if (type === 'text/csv') return CSV_FORMAT;
  return type === 'application/json' ? jsonFormat(head) : NDJSON_FORMAT;
}

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
