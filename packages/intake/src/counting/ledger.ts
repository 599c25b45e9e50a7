import {
  type CommitResult,
  type LedgerCounters,
  REJECTION_REASONS,
  type RejectionReason,
} from '@humtemp/bucket-core';

/**
 * The counters of every observation's fate in this process. What is in flight is counted by its own arrivals and
 * departures, not computed from the others, so that a balance means something.
 */
export class Ledger {
  #received = 0;
  #committed = 0;
  #duplicate = 0;
  #inFlight = 0;
  readonly #rejected = new Map<RejectionReason, number>();

  /** An observation was decoded and awaits its commit. */
  accept(): void {
    this.#received += 1;
    this.#inFlight += 1;
  }

  /** A publish, or an element of its array, was no observation. */
  reject(reason: RejectionReason): void {
    this.#received += 1;
    this.#addRejected(reason, 1);
  }

  /** Observations have left the flight by a commit. */
  settle(result: CommitResult): void {
    this.#committed += result.committed;
    this.#duplicate += result.duplicate;
    if (result.expired > 0) this.#addRejected('expired', result.expired);
    if (result.tooManyLabs > 0) this.#addRejected('too_many_labs', result.tooManyLabs);
    this.#inFlight -= result.committed + result.duplicate + result.expired + result.tooManyLabs;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  counters(): LedgerCounters {
    const rejected: Partial<Record<RejectionReason, number>> = {};
    for (const reason of REJECTION_REASONS) {
      const count = this.#rejected.get(reason);
      if (count !== undefined) rejected[reason] = count;
    }
    return {
      received: this.#received,
      committed: this.#committed,
      duplicate: this.#duplicate,
      rejected,
      in_flight: this.#inFlight,
    };
  }

  #addRejected(reason: RejectionReason, count: number): void {
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + count);
  }
}
