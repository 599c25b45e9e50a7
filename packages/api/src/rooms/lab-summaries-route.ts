import type { LabBucket } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import type { BusyLimit } from '../http/busy-limit.js';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import { type Route, route } from '../http/route.js';
import { TimeZoneParameter } from '../query/local-days.js';
import { durationText, metricLimits } from '../query/parameters.js';
import { RangeParameters } from '../query/range-query.js';
import { readQuery } from '../query/read-query.js';
import { INTERVAL_COLUMNS, RANGE_EXTRA_COLUMNS } from '../rows/interval-columns.js';
import { FormatParameter, type Table, tableResponse } from '../rows/table.js';
import { IntervalSummary } from '../summary/interval-summary.js';
import { labBasis } from '../summary/lab-basis.js';
import { fineRead, RangeExtraParameters, RangeExtras } from '../summary/range-extras.js';
import { rangeSpan } from '../summary/range-span.js';
import { rangeSummary } from '../summary/range-summary.js';
import { SelectionParameters, selectedLabs } from './lab-selection.js';
import { seriesOfLabs } from './labs-read.js';

const TextIfAny = Type.Union([Type.String(), Type.Null()]);

/** A lab's buckets of a range, merged into one summary, with what the labs file says of it. */
const LabSummaryRow = Type.Composite(
  [Type.Object({ lab_id: Type.String(), name: TextIfAny, group: TextIfAny }), IntervalSummary, RangeExtras],
  { $id: 'LabSummaryRow' },
);
type LabSummaryRow = Static<typeof LabSummaryRow>;

/** One summary of each of many labs over a range of time. */
export const SummariesOfLabs = Type.Object({
  resolution: Type.String({ description: 'duration of the buckets that were merged' }),
  start: Rfc3339Time,
  end: Rfc3339Time,
  complete: Type.Boolean({ description: 'the range is over; what comes late is still added' }),
  labs: Type.Array(LabSummaryRow),
});

export type SummariesOfLabs = Static<typeof SummariesOfLabs>;

const SummariesQuery = Type.Object({
  ...SelectionParameters,
  ...RangeParameters,
  ...TimeZoneParameter,
  ...RangeExtraParameters,
  ...FormatParameter,
});

/** `GET /lab-summaries`: a table of labs over a range. */
export function labSummariesRoute(options: RouteOptions, limit: BusyLimit): Route {
  const { store, grid, clock, directories, expectedIntervalS, storeTimeoutMs, log } = options;
  return route(
    {
      method: 'get',
      path: '/lab-summaries',
      id: 'getLabSummaries',
      tag: 'labs',
      summary: 'One summary of each of many labs over a range of time',
      description:
        'Of the labs named, or of those with the prefix or group, or of all, in the order of their ids; a lab that is listed and was never heard of has a row without data. Streamed: an answer that breaks off is not complete, its connection is cut. In NDJSON and CSV each row is a lab. The range is widened to bucket borders and cut to what is kept; start and end of the answer say what it became.',
      query: SummariesQuery,
      answers: {
        'application/json': SummariesOfLabs,
        'application/x-ndjson': LabSummaryRow,
        'text/csv': Type.String(),
      },
      problems: [403, 406, 429, 503],
    },
    (c) => {
      const query = readQuery(c, SummariesQuery);
      const nowMs = clock();
      const directory = directories.current;
      const basisOf = labBasis(directory, metricLimits(query), expectedIntervalS, nowMs);
      const { resolution, startS, endS } = rangeSpan(query, grid, nowMs);
      const fine = fineRead(query, { startS, endS }, grid, nowMs);
      const labs = selectedLabs(query, { store, scope: c.get('scope'), directory, nowMs });
      const rowOf = (
        lab: string,
        buckets: readonly LabBucket[],
        fineBuckets: readonly LabBucket[],
      ): LabSummaryRow => {
        const basis = basisOf(lab);
        const { name = null, group = null } = directory.of(lab);
        return {
          lab_id: lab,
          name,
          group,
          ...rangeSummary(buckets, { resolution, startS, endS }, basis, query, fine, fineBuckets),
        };
      };
      const table = (): Table<LabSummaryRow> => ({
        head: {
          resolution: durationText(resolution),
          start: rfc3339Time(startS * 1000),
          end: rfc3339Time(endS * 1000),
          complete: endS * 1000 <= nowMs,
        },
        member: 'labs',
        columns: [
          ['lab_id', ({ lab_id }) => lab_id],
          ['name', ({ name }) => name],
          ['group', ({ group }) => group],
          ...INTERVAL_COLUMNS,
          ...RANGE_EXTRA_COLUMNS,
        ],
        pages: seriesOfLabs(labs, { store, resolution, startS, endS, nowMs, fine }, rowOf),
        isFinished: endS * 1000 <= nowMs,
      });
      return tableResponse(c, query.format, table, { limit, timeoutMs: storeTimeoutMs, log });
    },
  );
}
