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
import { Reason } from '../routes/reason-schema.js';
import { readFleet } from './fleet.js';

const Count = Type.Integer({ minimum: 0 });

const Fates = Type.Object({
  received: Count,
  committed: Count,
  duplicate: Count,
  rejected: Type.Partial(Type.Record(Reason, Count), {
    description: 'by reason, and only those that occurred',
  }),
  in_flight: Count,
  metrics_rejected: Type.Optional(
    Type.Partial(Type.Record(Reason, Count), {
      description:
        'metrics that were wrong in observations that count without them; no part of the balance, and only if there were any',
    }),
  ),
  ignored: Type.Optional(
    Type.Integer({
      minimum: 0,
      description:
        'publishes that a source knows and does not want; no part of the balance, and only if there were any',
    }),
  ),
  balanced: Type.Boolean({
    description:
      'received = committed + duplicate + all rejected + in_flight; of a process that is gone also: the store has counted what the process last knew to be committed',
  }),
});

/** Every observation's fate: in all processes of the last hour, and in each. */
export const LedgerOverview = Type.Composite([
  Fates,
  Type.Object({
    processes: Type.Array(
      Type.Composite([
        Type.Object({
          process: Type.String({
            description: 'a token that is not for all labs gets a name without the host',
          }),
          role: Type.String(),
          reported_at: Rfc3339Time,
          gone: Type.Boolean({
            description:
              'silent for more than two minutes: its counts are those that the store made with each commit, and nothing is in flight',
          }),
        }),
        Fates,
      ]),
    ),
    earlier: Type.Object(
      { processes: Count, committed: Count, duplicate: Count },
      {
        description:
          'what the store counted in the last week for processes that have not reported in the last hour; not in the sums above',
      },
    ),
  }),
]);

export type LedgerOverview = Static<typeof LedgerOverview>;

/** `GET /ledger`: what the processes reported, this one's counters as they are now, and what the store counted. */
export function ledgerRoute(options: RouteOptions): Route {
  const { store, intake, clock, process, role, storeTimeoutMs } = options;
  return route(
    {
      method: 'get',
      path: '/ledger',
      id: 'getLedger',
      tag: 'operations',
      summary: 'The fate of every observation, in all processes of the last hour and in each',
      answers: { 'application/json': LedgerOverview },
      problems: [503],
    },
    compressed,
    async (c) => {
      const nowMs = clock();
      const own: LedgerReport = { process, role, reportedMs: nowMs, counters: intake.ledger.counters() };
      const { members, earlier } = await readStore(storeTimeoutMs, () => readFleet(store, own));
      const sums = members.map(({ counters }) => counters).reduce(addCounters, EMPTY_COUNTERS);
      const { isAll } = c.get('scope');
      const overview: LedgerOverview = {
        ...fates(
          sums,
          members.every(({ isBalanced }) => isBalanced),
        ),
        processes: members.map(({ process, alias, role, reportedMs, isGone, isBalanced, counters }) => ({
          process: isAll ? process : alias,
          role,
          reported_at: rfc3339Time(reportedMs),
          gone: isGone,
          ...fates(counters, isBalanced),
        })),
        earlier,
      };
      return c.json(overview);
    },
  );
}

function fates(counters: LedgerCounters, isBalanced: boolean): Static<typeof Fates> {
  const { received, committed, duplicate, rejected, in_flight, metrics_rejected, ignored } = counters;
  return {
    received,
    committed,
    duplicate,
    rejected,
    in_flight,
    ...(metrics_rejected !== undefined && { metrics_rejected }),
    ...(ignored !== undefined && { ignored }),
    balanced: isBalanced && imbalance(counters) === 0,
  };
}
