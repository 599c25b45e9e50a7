import type { Books, ProcessState } from '@humtemp/bucket-core';
import type { Intake } from '@humtemp/intake';
import { endsWithin } from './stop-steps.js';

const REPORT_INTERVAL_MS = 1000;
/** An idle process says so, before its last report is forgotten. */
const REPORT_AGE_MS_MAX = 60_000;
/** The last report may be missed: its counters are in the log, and nothing hangs on it. */
const LAST_REPORT_MS_MAX = 2000;

/**
 * Leaves this process' ledger in the store, once a second while it changes, for the API of another process to
 * show.
 */
export class LedgerReporter {
  #timer: NodeJS.Timeout | undefined;
  #reported = '';
  /** By a clock that never jumps. */
  #reportedAt = 0;

  constructor(
    readonly store: Books,
    readonly intake: Intake,
    readonly process: string,
    readonly role: string,
    readonly state: () => ProcessState,
  ) {}

  start(): void {
    this.#timer = setInterval(() => void this.report(), REPORT_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Reports the last counters, if the store takes them soon. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await endsWithin(LAST_REPORT_MS_MAX, this.report());
  }

  /** A report that fails is made up for by the next; the commits log what fails with it. */
  async report(): Promise<void> {
    const counters = this.intake.ledger.counters();
    const state = this.state();
    const text = JSON.stringify([counters, state.problems, state.warnings]);
    const now = performance.now();
    if (text === this.#reported && now - this.#reportedAt < REPORT_AGE_MS_MAX) return;
    try {
      await this.store.reportLedger({
        process: this.process,
        role: this.role,
        reportedMs: Date.now(),
        counters,
        state,
      });
      this.#reported = text;
      this.#reportedAt = now;
    } catch {
      this.#reported = '';
    }
  }
}
