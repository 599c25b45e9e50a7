import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import { ProblemError } from '../http/problem.js';
import { type Route, route } from '../http/route.js';
import { readStore } from '../http/store-read.js';
import { sharedSourcesName } from '../sources/shared-sources-name.js';
import { mergedRows, readSourceRows, SourceRow, sourceRows } from '../sources/source-rows.js';

/** What became of the publishes of each source, in all processes that reported in the last hour. */
export const SourcesList = Type.Object({ sources: Type.Array(SourceRow) });

export type SourcesList = Static<typeof SourcesList>;

/** `GET /sources`: what became of every publish, by source. */
export function sourcesRoute(options: RouteOptions): Route {
  const { intake, sourceReports, storeTimeoutMs } = options;
  return route(
    {
      method: 'get',
      path: '/sources',
      id: 'listSources',
      tag: 'operations',
      summary: 'What became of the publishes of each source, in all processes',
      answers: { 'application/json': SourcesList },
      problems: [403, 503],
    },
    async (c) => {
      if (!c.get('scope').isAll)
        throw new ProblemError({
          status: 403,
          detail: 'a source may be of any lab: the token is not for all',
        });
      const others = await readStore(storeTimeoutMs, () => sourcesOfOthers(options));
      const list: SourcesList = {
        sources: mergedRows([sourceRows(sourceReports(), intake.tallies), ...others]),
      };
      return c.json(list);
    },
  );
}

/** What the other processes of the store have left. */
async function sourcesOfOthers({ store, process, clock }: RouteOptions): Promise<SourceRow[][]> {
  const reports = await store.ledgers(clock());
  const others = reports.filter((report) => report.process !== process);
  return Promise.all(
    others.map(async (report) => {
      const shared = await store.shared(sharedSourcesName(report.process));
      return typeof shared === 'object' ? readSourceRows(shared.text) : [];
    }),
  );
}
