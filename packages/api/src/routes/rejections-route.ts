import { REJECTION_ADVICE } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import { compressed } from '../http/compression.js';
import { ProblemError } from '../http/problem.js';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import { type Route, route } from '../http/route.js';
import { readStore } from '../http/store-read.js';
import { readQuery } from '../query/read-query.js';
import { csvAnswer, JsonOrCsvParameter, wantsCsv } from '../rows/csv-answer.js';
import type { CsvColumn } from '../rows/row-format.js';
import { Reason } from './reason-schema.js';

/** The newest rejections, newest first. */
export const RejectionsPage = Type.Object({
  rejections: Type.Array(
    Type.Object({
      at: Rfc3339Time,
      reason: Reason,
      advice: Type.String({ description: 'what the reason means' }),
      source: Type.String({ description: 'the MQTT topic or HTTP route' }),
      excerpt: Type.String({ description: 'the beginning of the payload' }),
    }),
  ),
});

export type RejectionsPage = Static<typeof RejectionsPage>;

const COLUMNS: readonly CsvColumn<RejectionsPage['rejections'][number]>[] = [
  ['at', ({ at }) => at],
  ['reason', ({ reason }) => reason],
  ['advice', ({ advice }) => advice],
  ['source', ({ source }) => source],
  ['excerpt', ({ excerpt }) => excerpt],
];
const PAGE_REJECTIONS = 100;
const PAGE_REJECTIONS_MAX = 1000;

const RejectionsQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: PAGE_REJECTIONS_MAX, default: PAGE_REJECTIONS }),
  ...JsonOrCsvParameter,
});

/** `GET /rejections`: what was not counted, and why. */
export function rejectionsRoute({ store, storeTimeoutMs }: RouteOptions): Route {
  return route(
    {
      method: 'get',
      path: '/rejections',
      id: 'listRejections',
      tag: 'operations',
      summary: 'What was not counted, and why; newest first',
      query: RejectionsQuery,
      answers: { 'application/json': RejectionsPage, 'text/csv': Type.String() },
      problems: [403, 503],
    },
    compressed,
    async (c) => {
      const { limit, format } = readQuery(c, RejectionsQuery);
      if (!c.get('scope').isAll)
        throw new ProblemError({
          status: 403,
          detail: 'a rejection may be of any lab: the token is not for all',
        });
      const rejections = await readStore(storeTimeoutMs, () => store.rejections(limit));
      const page: RejectionsPage = {
        rejections: rejections.map(({ atMs, reason, source, excerpt }) => ({
          at: rfc3339Time(atMs),
          reason,
          advice: REJECTION_ADVICE[reason],
          source,
          excerpt,
        })),
      };
      return wantsCsv(c, format) ? csvAnswer(c, COLUMNS, page.rejections) : c.json(page);
    },
  );
}
