import { FAULTS_MAX, type StoreFault } from '../store/store-fault.js';
import type { ReportDamage } from './labs/lab-buckets.js';

/** The newest faults, each of them reported. */
export class FaultList {
  /** The newest last; what is found again moves there. */
  readonly #faults = new Map<string, StoreFault>();

  constructor(readonly onFault: ((fault: StoreFault) => void) | undefined) {}

  readonly report: ReportDamage = (lab, key, reason) => {
    const fault: StoreFault = { ...(lab !== undefined && { lab }), key, reason, atMs: Date.now() };
    const name = `${key} ${lab ?? ''}`;
    this.#faults.delete(name);
    this.#faults.set(name, fault);
    for (const oldest of this.#faults.keys()) {
      if (this.#faults.size <= FAULTS_MAX) break;
      this.#faults.delete(oldest);
    }
    this.onFault?.(fault);
  };

  newest(limit: number): readonly StoreFault[] {
    return [...this.#faults.values()].reverse().slice(0, limit);
  }
}
