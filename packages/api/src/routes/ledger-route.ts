import {
  addCounters,
  EMPTY_COUNTERS,
  imbalance,
  type LedgerCounters,
  type LedgerReport,
} from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import { compressed } from '../http/compression.js';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import { type Route, route } from '../http/route.js';
import { readStore } from '../http/store-read.js';
import { Reason } from './reason-schema.js';

const Count = Type.Integer({ minimum: 0 });

const Fates = Type.Object({
  received: Count,
  committed: Count,
  duplicate: Count,
  rejected: Type.Partial(Type.Record(Reason, Count), {
    description: 'by reason, and only those that occurred',
  }),
  in_flight: Count,
  balanced: Type.Boolean({
    description: 'received = committed + duplicate + all rejected + in_flight',
  }),
});

/** Every observation's fate: in all processes of the last hour, and in each. */
export const LedgerOverview = Type.Composite([
  Fates,
  Type.Object({
    processes: Type.Array(
      Type.Composite([
        Type.Object({ process: Type.String(), role: Type.String(), reported_at: Rfc3339Time }),
        Fates,
      ]),
    ),
  }),
]);

export type LedgerOverview = Static<typeof LedgerOverview>;

/** `GET /ledger`: what the processes reported, and this one's counters as they are now. */
export function ledgerRoute(options: RouteOptions): Route {
  const { store, intake, clock, process, role, storeTimeoutMs } = options;
  return route(
    {
      method: 'get',
      path: '/ledger',
      id: 'getLedger',
      summary: 'The fate of every observation, in all processes of the last hour and in each',
      answers: { 'application/json': LedgerOverview },
      problems: [503],
    },
    compressed,
    async (c) => {
      const nowMs = clock();
      const reported = await readStore(storeTimeoutMs, () => store.ledgers(nowMs));
      const own: LedgerReport = { process, role, reportedMs: nowMs, counters: intake.ledger.counters() };
      const reports = [own, ...reported.filter((report) => report.process !== process)];
      reports.sort((a, b) => (a.process < b.process ? -1 : 1));
      const overview: LedgerOverview = {
        ...fates(reports.map((report) => report.counters).reduce(addCounters, EMPTY_COUNTERS)),
        processes: reports.map(({ process, role, reportedMs, counters }) => ({
          process,
          role,
          reported_at: rfc3339Time(reportedMs),
          ...fates(counters),
        })),
      };
      return c.json(overview);
    },
  );
}

function fates(counters: LedgerCounters): Static<typeof Fates> {
  const { received, committed, duplicate, rejected, in_flight } = counters;
  return { received, committed, duplicate, rejected, in_flight, balanced: imbalance(counters) === 0 };
}
