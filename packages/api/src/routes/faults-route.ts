import { FAULTS_MAX } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import { compressed } from '../http/compression.js';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import { type Route, route } from '../http/route.js';
import { readStore } from '../http/store-read.js';
import { readQuery } from '../query/read-query.js';
import { csvAnswer, JsonOrCsvParameter, wantsCsv } from '../rows/csv-answer.js';
import type { CsvColumn } from '../rows/row-format.js';

/** Stored values that could not be read, newest first. */
export const FaultsPage = Type.Object({
  faults: Type.Array(
    Type.Object({
      at: Rfc3339Time,
      lab_id: Type.Union([Type.String(), Type.Null()], {
        description:
          'the lab that answers leave out, and that begins anew with its next commit; null where it is of none',
      }),
      key: Type.String({ description: 'where it is stored' }),
      reason: Type.String(),
    }),
  ),
});

export type FaultsPage = Static<typeof FaultsPage>;

const COLUMNS: readonly CsvColumn<FaultsPage['faults'][number]>[] = [
  ['at', ({ at }) => at],
  ['lab_id', ({ lab_id }) => lab_id],
  ['key', ({ key }) => key],
  ['reason', ({ reason }) => reason],
];

const FaultsQuery = Type.Object(JsonOrCsvParameter);

/** `GET /faults`: what the store keeps and cannot read. */
export function faultsRoute({ store, storeTimeoutMs }: RouteOptions): Route {
  return route(
    {
      method: 'get',
      path: '/faults',
      id: 'listFaults',
      tag: 'operations',
      summary: 'Stored values that cannot be read; newest first',
      description: `At most ${FAULTS_MAX}. Each concerns one lab; a token sees those of its labs.`,
      query: FaultsQuery,
      answers: { 'application/json': FaultsPage, 'text/csv': Type.String() },
      problems: [503],
    },
    compressed,
    async (c) => {
      const { format } = readQuery(c, FaultsQuery);
      const { isAll, allows } = c.get('scope');
      const faults = await readStore(storeTimeoutMs, () => store.faults(FAULTS_MAX));
      const page: FaultsPage = {
        faults: faults
          .filter(({ lab }) => isAll || (lab !== undefined && allows(lab)))
          .map(({ atMs, lab, key, reason }) => ({ at: rfc3339Time(atMs), lab_id: lab ?? null, key, reason })),
      };
      return wantsCsv(c, format) ? csvAnswer(c, COLUMNS, page.faults) : c.json(page);
    },
  );
}
