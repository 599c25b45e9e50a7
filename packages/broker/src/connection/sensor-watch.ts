import type { Intake } from '@humtemp/intake';

/** For so long after an observation more are to be expected. */
const EXPECTED_MS = 1000;

/**
 * Whether sensors publish, and whether what they have published awaits its commit. Only those count whose publishes the tap takes, at QoS 0
 * and 1.
 */
export class SensorWatch {
  #hasTaken = false;
  #takenMs = Number.NEGATIVE_INFINITY;
  /** Of the newest observation. */
  #receipt: number | undefined;

  /** @param intake undefined: nothing ever awaits a commit. */
  constructor(readonly intake?: Pick<Intake, 'receipt' | 'isSettled' | 'afterSettled'>) {}

  /** Observations have come: the last that intake was given. */
  took(): void {
    this.#hasTaken = true;
    this.#receipt = this.intake?.receipt;
  }

  get isAwaitingCommit(): boolean {
    return this.#receipt !== undefined && !this.intake!.isSettled(this.#receipt);
  }

  /** Calls back once, when what sensors have published so far is committed, or was rejected. */
  afterCommit(callback: () => void): void {
    this.intake!.afterSettled(callback, this.#receipt);
  }

  /** Whether more are to be expected. */
  isExpecting(nowMs: number): boolean {
    if (this.#hasTaken) this.#takenMs = nowMs;
    this.#hasTaken = false;
    return nowMs - this.#takenMs < EXPECTED_MS;
  }
}
