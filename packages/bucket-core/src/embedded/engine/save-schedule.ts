import type { LabBuckets } from '../labs/lab-buckets.js';
import { isSectionExpired } from '../labs/merge-tables.js';
import type { DiskState } from './disk-state.js';
import type { JournalKeeper } from './journal-keeper.js';
import { tablesToMerge } from './merge-plan.js';
import type { Saver } from './saver.js';

export interface EngineLimits {
  /** Bytes of what labs got since they were last saved, roughly; half of it is being saved, half of it comes. */
  readonly memoryBytesMax: number;
  /** Bytes of journal that a start replays, roughly; half of it is being cut off. */
  readonly journalBytesMax: number;
}

/** What has not been saved for so long is, whatever its size. */
const SAVE_INTERVAL_MS = 3_600_000;
/** While more comes in this time than is to be saved at once, twice as much is: each save costs by the lab, too, and late rows read what it has saved. */
const SAVE_APART_MS = 2000;
const RETRY_MS = { min: 1000, max: 30_000 } as const;
/** Journal files that a start leaves to be replayed again by the next one. */
const JOURNAL_FILES_MAX = 20;

/** Decides when what the journal has is saved, and when tables are merged: one of each at a time, beside the commits. */
export class SaveSchedule {
  #saving: Promise<void> | undefined;
  #merging: Promise<void> | undefined;
  #savedAtMs = performance.now();
  #saveRetryAtMs = 0;
  #saveRetryMs: number = RETRY_MS.min;
  #mergeAtMs = 0;
  /** The replayed journal is saved soon, however small. */
  #hasManyJournals: boolean;
  #isStopped = false;

  constructor(
    readonly labs: LabBuckets,
    readonly journal: JournalKeeper,
    readonly saver: Saver,
    readonly limits: EngineLimits,
    readonly disk: DiskState,
    journalFiles: number,
  ) {
    this.#hasManyJournals = journalFiles > JOURNAL_FILES_MAX;
  }

  /** What comes exceeds what can be saved. */
  get isOverfull(): boolean {
    const { memoryBytesMax, journalBytesMax } = this.limits;
    return this.labs.active.bytes > memoryBytesMax || this.journal.bytes > 2 * journalBytesMax;
  }

  /** While what comes exceeds what can be saved, it waits. @throws the reason why nothing can be saved */
  async untilRoom(nowMs: number): Promise<void> {
    if (!this.isOverfull) return;
    this.saveIfDue(nowMs);
    await this.#saving?.catch(() => {});
    const { savingFailure } = this.disk;
    if (this.isOverfull && savingFailure !== undefined) throw savingFailure;
  }

  /** @param nowMs by which is decided what has expired */
  saveIfDue(nowMs: number): void {
    if (this.#saving !== undefined || this.#isStopped) return;
    const { memoryBytesMax, journalBytesMax } = this.limits;
    const atMs = performance.now();
    const sinceMs = atMs - this.#savedAtMs;
    const journalBytes = sinceMs < SAVE_APART_MS ? journalBytesMax : journalBytesMax / 2;
    const isDue =
      this.labs.frozen !== undefined ||
      this.#hasManyJournals ||
      this.labs.active.bytes > memoryBytesMax / 2 ||
      this.journal.bytes > journalBytes ||
      (sinceMs > SAVE_INTERVAL_MS && !this.labs.active.isEmpty);
    if (!isDue || atMs < this.#saveRetryAtMs) return;
    this.#saving = this.#save(nowMs).finally(() => {
      this.#saving = undefined;
    });
  }

  async #save(nowMs: number): Promise<void> {
    try {
      await this.saver.checkpoint();
    } catch (error) {
      this.#saveRetryAtMs = performance.now() + this.#saveRetryMs;
      this.#saveRetryMs = Math.min(2 * this.#saveRetryMs, RETRY_MS.max);
      this.disk.savingFailed(error as Error);
      return;
    }
    this.#savedAtMs = performance.now();
    this.#hasManyJournals = false;
    this.#saveRetryMs = RETRY_MS.min;
    this.disk.savingSucceeded();
    this.mergeIfDue(nowMs);
  }

  mergeIfDue(nowMs: number): void {
    if (this.#merging !== undefined || this.#isStopped || performance.now() < this.#mergeAtMs) return;
    const { labs } = this;
    const plan = tablesToMerge(
      labs.tables.tables.map((table) => ({
        table,
        bytes: table.bytes,
        isDamaged: table.isDamaged,
        expiredBytes: table.sections
          .filter((section) => isSectionExpired(labs, section, nowMs))
          .reduce((sum, { lengths }) => sum + lengths.reduce((a, b) => a + b, 0), 0),
      })),
    );
    if (plan.length === 0) return;
    const tables = plan.map(({ table }) => table);
    this.#merging = this.saver
      .merge(tables, nowMs)
      .then(
        () => setImmediate(() => this.mergeIfDue(nowMs)),
        (error: Error) => {
          this.#mergeAtMs = performance.now() + RETRY_MS.max;
          this.disk.onWarning(`${error.message}; tables cannot be put together for now`);
        },
      )
      .then(() => {
        this.#merging = undefined;
      });
  }

  /** Begins nothing more. Resolves once nothing is being saved or merged. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#saving?.catch(() => {});
    await this.#merging?.catch(() => {});
  }
}
