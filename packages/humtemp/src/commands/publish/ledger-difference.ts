/** Counters of one process, as GET /ledger has them. */
export interface LedgerProcess {
  readonly process: string;
  readonly received: number;
  readonly committed: number;
  readonly duplicate: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly in_flight: number;
}

/** What became of observations between two readings of the ledger, over all processes. */
export interface LedgerDifference {
  readonly received: number;
  readonly committed: number;
  readonly duplicate: number;
  /** By reason, only those that occurred. */
  readonly rejected: Readonly<Record<string, number>>;
  readonly inFlight: number;
}

/** Process by process: one that is new counts from 0, one that is gone is left out. */
export function ledgerDifference(
  before: readonly LedgerProcess[],
  after: readonly LedgerProcess[],
): LedgerDifference {
  const earlier = new Map(before.map((process) => [process.process, process]));
  const difference = { received: 0, committed: 0, duplicate: 0, inFlight: 0 };
  const rejected: Record<string, number> = {};
  for (const now of after) {
    const then = earlier.get(now.process);
    difference.received += now.received - (then?.received ?? 0);
    difference.committed += now.committed - (then?.committed ?? 0);
    difference.duplicate += now.duplicate - (then?.duplicate ?? 0);
    difference.inFlight += now.in_flight - (then?.in_flight ?? 0);
    for (const [reason, count] of Object.entries(now.rejected)) {
      const added = count - (then?.rejected[reason] ?? 0);
      if (added !== 0) rejected[reason] = (rejected[reason] ?? 0) + added;
    }
  }
  return { ...difference, rejected };
}

export function rejectedCount(difference: LedgerDifference): number {
  return Object.values(difference.rejected).reduce((sum, count) => sum + count, 0);
}
