import {
  addCounters,
  EMPTY_COUNTERS,
  imbalance,
  type LedgerCounters,
  type LedgerReport,
  type ProcessState,
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

const State = Type.Object(
  {
    version: Type.String(),
    store: Type.String({ description: 'where it keeps buckets' }),
    broker: Type.Union([Type.String(), Type.Null()], { description: 'what brings it publishes' }),
    commits: Count,
    commits_failed: Type.Integer({ minimum: 0, description: 'that were tried again' }),
    commit_ms: Type.Integer({ minimum: 0, description: 'what all commits took together' }),
    lag_ms: Type.Integer({
      minimum: 0,
      description: 'how long the oldest observation that awaits its commit has waited',
    }),
    problems: Type.Array(Type.String(), { description: 'what is wrong now' }),
    warnings: Type.Array(
      Type.Object({ at: Rfc3339Time, text: Type.String(), count: Type.Integer({ minimum: 1 }) }),
      { description: 'the newest of its log, newest first: when each came last, and how often' },
    ),
  },
  {
    description:
      'how the process is doing, as of its last report; only for tokens that are for all labs, and not of versions before',
  },
);

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
        Type.Object({ state: Type.Optional(State) }),
      ]),
    ),
    earlier: Type.Object(
      { processes: Count, committed: Count, duplicate: Count },
      {
        description:
          'what the store counted in the last week for processes that have not reported in the last hour; not in the sums above',
      },
    ),
    at: Type.String({ format: 'date-time', description: 'when this was read, by the clock of the service' }),
  }),
]);

export type LedgerOverview = Static<typeof LedgerOverview>;

/** `GET /ledger`: what the processes reported, this one's counters as they are now, and what the store counted. */
export function ledgerRoute(options: RouteOptions): Route {
  const { store, intake, clock, process, role, state, storeTimeoutMs } = options;
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
      const ownState = state();
      const own: LedgerReport = {
        process,
        role,
        reportedMs: nowMs,
        counters: intake.ledger.counters(),
        ...(ownState !== undefined && { state: ownState }),
      };
      const { members, earlier } = await readStore(storeTimeoutMs, () => readFleet(store, own));
      const sums = members.map(({ counters }) => counters).reduce(addCounters, EMPTY_COUNTERS);
      const { isAll } = c.get('scope');
      const overview: LedgerOverview = {
        ...fates(
          sums,
          members.every(({ isBalanced }) => isBalanced),
        ),
        processes: members.map(
          ({ process, alias, role, reportedMs, isGone, isBalanced, counters, state }) => ({
            process: isAll ? process : alias,
            role,
            reported_at: rfc3339Time(reportedMs),
            gone: isGone,
            ...fates(counters, isBalanced),
            // It names hosts.
            ...(isAll && state !== undefined && { state: stateAnswer(state) }),
          }),
        ),
        earlier,
        at: rfc3339Time(nowMs),
      };
      return c.json(overview);
    },
  );
}

function stateAnswer(state: ProcessState): Static<typeof State> {
  const { version, store, broker, commits, lagMs, problems, warnings } = state;
  return {
    version,
    store,
    broker: broker ?? null,
    commits: commits.succeeded,
    commits_failed: commits.failed,
    commit_ms: commits.ms,
    lag_ms: lagMs,
    problems: [...problems],
    warnings: warnings.map(({ atMs, text, count }) => ({ at: rfc3339Time(atMs), text, count })),
  };
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
