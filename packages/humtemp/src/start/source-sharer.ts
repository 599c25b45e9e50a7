import { type SourceRow, sharedSourcesName } from '@humtemp/api/sources';
import type { Books } from '@humtemp/bucket-core';
import { endsWithin } from './stop-steps.js';

const SHARE_EVERY_MS = 5000;
/** The last counts may be missed: nothing hangs on them. */
const LAST_SHARE_MS_MAX = 2000;
/** A text that has not changed is shared again after so long, so that it does not expire. */
const SHARED_AGAIN_MS = 86_400_000;

/** Leaves what became of this process' publishes in the store, for the API of another process to show. */
export class SourceSharer {
  #timer: NodeJS.Timeout | undefined;
  #shared = '';
  /** By a clock that never jumps. */
  #sharedAt = 0;

  constructor(
    readonly store: Pick<Books, 'share'>,
    readonly process: string,
    readonly rows: () => readonly SourceRow[],
  ) {}

  start(): void {
    this.#timer = setInterval(() => void this.share(), SHARE_EVERY_MS).unref();
  }

  /** What fails is made up for by the next. */
  async share(): Promise<void> {
    const rows = this.rows();
    if (rows.every(({ publishes }) => publishes === 0)) return;
    const text = JSON.stringify(rows);
    const now = performance.now();
    if (text === this.#shared && now - this.#sharedAt < SHARED_AGAIN_MS) return;
    try {
      await this.store.share(sharedSourcesName(this.process), text);
      this.#shared = text;
      this.#sharedAt = now;
    } catch {
      // The store is out of reach, which others report.
    }
  }

  /** Shares the last counts, if the store takes them soon. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await endsWithin(LAST_SHARE_MS_MAX, this.share());
  }
}
