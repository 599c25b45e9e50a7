import { bucketStartAtOffsetS, primaryResolution } from '@humtemp/bucket-core';
import { Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import { compressed } from '../http/compression.js';
import { type Route, route } from '../http/route.js';
import { readStore } from '../http/store-read.js';
import { readQuery } from '../query/read-query.js';
import { csvAnswer, JsonOrCsvParameter, wantsCsv } from '../rows/csv-answer.js';
import type { CsvColumn } from '../rows/row-format.js';
import { byLab, jsonOfRows, mergedRows } from '../rows/sorted-rows.js';
import { LabSummary, labSummary } from '../summary/lab-summary.js';

const COLUMNS: readonly CsvColumn<LabSummary>[] = [
  ['lab_id', ({ lab_id }) => lab_id],
  ['avg_temp', ({ avg_temp }) => avg_temp],
  ['avg_humidity', ({ avg_humidity }) => avg_humidity],
];
const PREVIOUS_BUCKET = -1;

const SummaryQuery = Type.Object({
  offset: Type.Integer({
    minimum: Number.MIN_SAFE_INTEGER,
    maximum: Number.MAX_SAFE_INTEGER,
    default: PREVIOUS_BUCKET,
    description: 'buckets from now: 0 the current, -1 the previous',
  }),
  ...JsonOrCsvParameter,
});

/** `GET /summary?offset=-1`, the original contract: the averages of every lab in one bucket of the primary resolution. */
export function summaryRoute({ store, grid, clock, storeTimeoutMs }: RouteOptions): Route {
  const resolution = primaryResolution(grid);
  return route(
    {
      method: 'get',
      path: '/summary',
      id: 'getSummary',
      tag: 'labs',
      summary: 'The averages of every lab in one bucket of the primary resolution, by lab',
      query: SummaryQuery,
      answers: { 'application/json': Type.Array(LabSummary), 'text/csv': Type.String() },
      problems: [503],
    },
    compressed,
    async (c) => {
      const { offset, format } = readQuery(c, SummaryQuery);
      const nowMs = clock();
      const startS = bucketStartAtOffsetS(nowMs, offset, resolution, grid.alignmentS);
      // Beyond all time there is no bucket, and no exact start to ask the store for.
      const isAtAll = Number.isSafeInteger(startS);
      const scope = c.get('scope');
      const read = async (signal: AbortSignal) => {
        const pages: LabSummary[][] = [];
        for await (const page of store.buckets('all', resolution, startS, nowMs, false)) {
          if (signal.aborted) break;
          const visible = page.filter(({ lab }) => scope.allows(lab));
          pages.push(visible.map(({ lab, aggregate }) => labSummary(lab, aggregate)).sort(byLab));
        }
        return mergedRows(pages);
      };
      const rows = isAtAll ? await readStore(storeTimeoutMs, read) : [];
      if (wantsCsv(c, format)) return csvAnswer(c, COLUMNS, rows);
      c.header('content-type', 'application/json');
      return c.body(await jsonOfRows(rows));
    },
  );
}
