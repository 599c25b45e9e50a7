import type { StoreHealth } from '../../store/bucket-store.js';
import { isForWantOfRoom } from '../files/disk-error.js';

/** A disk that refuses for so long, and not for want of room, does not come back by itself. */
const LOST_AFTER_MS = 60_000;

/**
 * Whether the disk takes what is written. The journal and saving are looked at each on its own: one can fail while the
 * other goes on. Each change is reported once.
 *
 *     ok        ──a write fails──▶ degraded
 *     degraded  ──both succeed──▶ ok
 *     degraded  ──for a minute, not for want of room──▶ lost, until both succeed all the same
 */
export class DiskState {
  #journal: Error | undefined;
  #saving: Error | undefined;
  #sinceMs: number | undefined;

  constructor(readonly onWarning: (message: string) => void) {}

  /** Why nothing can be saved. */
  get savingFailure(): Error | undefined {
    return this.#saving;
  }

  health(): StoreHealth {
    const failure = this.#journal ?? this.#saving;
    if (failure === undefined || this.#sinceMs === undefined) return 'ok';
    const isLong = performance.now() - this.#sinceMs > LOST_AFTER_MS;
    return isLong && !isForWantOfRoom(failure) ? 'lost' : 'degraded';
  }

  journalFailed(error: Error): void {
    if (this.#journal === undefined) {
      this.#sinceMs ??= performance.now();
      this.onWarning(`${error.message}; nothing is committed until it can be written again`);
    }
    this.#journal = error;
  }

  journalSucceeded(): void {
    if (this.#journal === undefined) return;
    this.#journal = undefined;
    if (this.#saving === undefined) this.#sinceMs = undefined;
    this.onWarning('the disk takes commits again, in a new journal file');
  }

  savingFailed(error: Error): void {
    if (this.#saving === undefined) {
      this.#sinceMs ??= performance.now();
      this.onWarning(`${error.message}; what is in the journal cannot be saved until it can be written`);
    }
    this.#saving = error;
  }

  savingSucceeded(): void {
    if (this.#saving === undefined) return;
    this.#saving = undefined;
    if (this.#journal === undefined) this.#sinceMs = undefined;
    this.onWarning('what was in the journal is saved');
  }
}
