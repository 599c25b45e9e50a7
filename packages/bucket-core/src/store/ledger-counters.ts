import type { RejectionReason } from '../observation/rejection.js';
import type { ProcessState } from './process-state.js';

/** The ledger as numbers: received = committed + duplicate + Σ rejected + in_flight, at every moment. */
export interface LedgerCounters {
  readonly received: number;
  readonly committed: number;
  readonly duplicate: number;
  /** Only the reasons that occurred. */
  readonly rejected: Readonly<Partial<Record<RejectionReason, number>>>;
  readonly in_flight: number;
  /**
   * Metrics that were wrong in observations that counted without them, by reason; only if there were any. They are no
   * part of the balance: their observation is, with the metric that was good.
   */
  readonly metrics_rejected?: Readonly<Partial<Record<RejectionReason, number>>>;
  /** Publishes that a source knows and does not want; only if there were any. They are no part of the balance. */
  readonly ignored?: number;
}

/** The counters that one process reports, for other processes to read. */
export interface LedgerReport {
  /** Names one run of one process. */
  readonly process: string;
  readonly role: string;
  readonly reportedMs: number;
  readonly counters: LedgerCounters;
  /** Absent in reports of earlier versions. */
  readonly state?: ProcessState;
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
  const metricsRejected = addReasons(a.metrics_rejected, b.metrics_rejected);
  const ignored = (a.ignored ?? 0) + (b.ignored ?? 0);
  return {
    received: a.received + b.received,
    committed: a.committed + b.committed,
    duplicate: a.duplicate + b.duplicate,
    rejected: addReasons(a.rejected, b.rejected),
    in_flight: a.in_flight + b.in_flight,
    ...(Object.keys(metricsRejected).length > 0 && { metrics_rejected: metricsRejected }),
    ...(ignored > 0 && { ignored }),
  };
}

type ByReason = Readonly<Partial<Record<RejectionReason, number>>>;

function addReasons(a: ByReason = {}, b: ByReason = {}): ByReason {
  const sum: Partial<Record<RejectionReason, number>> = { ...a };
  for (const [reason, count] of Object.entries(b) as [RejectionReason, number][])
    sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}
