import type { RejectionReason } from '../observation/rejection.js';

/** The ledger as numbers: received = committed + duplicate + Σ rejected + in_flight, at every moment. */
export interface LedgerCounters {
  readonly received: number;
  readonly committed: number;
  readonly duplicate: number;
  /** Only the reasons that occurred. */
  readonly rejected: Readonly<Partial<Record<RejectionReason, number>>>;
  readonly in_flight: number;
}

/** The counters that one process reports, for other processes to read. */
export interface LedgerReport {
  /** Names one run of one process. */
  readonly process: string;
  readonly role: string;
  readonly reportedMs: number;
  readonly counters: LedgerCounters;
}

export const EMPTY_COUNTERS: LedgerCounters = {
  received: 0,
  committed: 0,
  duplicate: 0,
  rejected: {},
  in_flight: 0,
};

export function rejectedTotal(counters: LedgerCounters): number {
  return Object.values(counters.rejected).reduce((sum, count) => sum + count, 0);
}

/** What is missing for the books to balance: 0. */
export function imbalance(counters: LedgerCounters): number {
  const { received, committed, duplicate, in_flight } = counters;
  return received - committed - duplicate - rejectedTotal(counters) - in_flight;
}

export function addCounters(a: LedgerCounters, b: LedgerCounters): LedgerCounters {
  const rejected = { ...a.rejected };
  for (const [reason, count] of Object.entries(b.rejected) as [RejectionReason, number][])
    rejected[reason] = (rejected[reason] ?? 0) + count;
  return {
    received: a.received + b.received,
    committed: a.committed + b.committed,
    duplicate: a.duplicate + b.duplicate,
    rejected,
    in_flight: a.in_flight + b.in_flight,
  };
}
