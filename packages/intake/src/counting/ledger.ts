import {
  type CommitResult,
  type LedgerCounters,
  REJECTION_REASONS,
  type RejectionReason,
} from '@humtemp/bucket-core';

/**
 * The counters of every observation's fate in this process. What is in flight is counted by its own arrivals
 * and departures, not computed from the others, so that a balance means something.
 */
export class Ledger {
  #received = 0;
  #committed = 0;
  #duplicate = 0;
  #inFlight = 0;
  #ignored = 0;
  readonly #rejected = new Map<RejectionReason, number>();
  readonly #metricsRejected = new Map<RejectionReason, number>();

  /** An observation was decoded and awaits its commit. */
  accept(): void {
    this.#received += 1;
    this.#inFlight += 1;
  }

  /** A publish, or an element of its array, was no observation. */
  reject(reason: RejectionReason): void {
    this.#received += 1;
    add(this.#rejected, reason, 1);
  }

  /** A metric was wrong, in an observation that counts without it. */
  rejectMetric(metric: 'temp' | 'humidity'): void {
    add(this.#metricsRejected, metric, 1);
  }

  /** A source knows a publish and does not want it. */
  ignore(): void {
    this.#ignored += 1;
  }

  /** Observations have left the flight by a commit. */
  settle(result: CommitResult): void {
    this.#committed += result.committed;
    this.#duplicate += result.duplicate;
    if (result.expired > 0) add(this.#rejected, 'expired', result.expired);
    if (result.tooManyLabs > 0) add(this.#rejected, 'too_many_labs', result.tooManyLabs);
    this.#inFlight -= result.committed + result.duplicate + result.expired + result.tooManyLabs;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  counters(): LedgerCounters {
    return {
      received: this.#received,
      committed: this.#committed,
      duplicate: this.#duplicate,
      rejected: byReason(this.#rejected),
      in_flight: this.#inFlight,
      ...(this.#metricsRejected.size > 0 && { metrics_rejected: byReason(this.#metricsRejected) }),
      ...(this.#ignored > 0 && { ignored: this.#ignored }),
    };
  }
}

function add(counts: Map<RejectionReason, number>, reason: RejectionReason, count: number): void {
  counts.set(reason, (counts.get(reason) ?? 0) + count);
}

/** In the order of the reasons, and only those that occurred. */
function byReason(counts: ReadonlyMap<RejectionReason, number>): Partial<Record<RejectionReason, number>> {
  const result: Partial<Record<RejectionReason, number>> = {};
  for (const reason of REJECTION_REASONS) {
    const count = counts.get(reason);
    if (count !== undefined) result[reason] = count;
  }
  return result;
}
