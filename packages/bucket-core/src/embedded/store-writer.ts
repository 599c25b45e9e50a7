import type { Rejection } from '../observation/rejection.js';
import type { Batch } from '../store/batch.js';
import { type CommitResult, emptyCommitResult } from '../store/commit-result.js';
import { decodeRecord, encodeRecord } from './journal-record.js';
import type { LabBuckets } from './lab-buckets.js';
import { withinLimit } from './lab-limit.js';
import { sweep } from './sweep.js';

export interface WriterLimits {
  /** Bytes of labs held in memory, roughly. */
  readonly memoryBytesMax: number;
  /** Bytes of journal after which every lab that they touched has been saved. */
  readonly journalBytesMax: number;
}

/** What a journal record costs besides its bytes, when it is replayed. */
const RECORD_OVERHEAD_BYTES = 200;
/** Records of labs saved in one transaction, unless the journal asks for more. */
const SAVED_RECORDS_MAX = 4000;
/** Journal records removed in one transaction. */
const REMOVED_RECORDS_MAX = 1000;
const IDLE_CHECK_MS = 1000;
/** Time for saving what is in memory when closing; what is left is replayed at the next start. */
const CLOSE_SAVE_MS_MAX = 1000;
const SWEEP_INTERVAL_MS = 60_000;

/**
 * Everything that the embedded store writes, one after the other.
 *
 *     commit ──▶ journal record, one put, on the disk ──▶ applied to the labs in memory ──▶ answered
 *                    │ in the same transaction
 *                    └─ a share of the labs that older records touched is saved, records that nobody needs are removed
 *
 * A record holds the rows as they came, so applying it again after a crash gives the same: duplicates are found again
 * by their identities, and each lab knows up to which record it is saved. The share is such that the journal stays
 * below its limit, and with it the time that a start takes. When nothing is committed, the rest is saved.
 */
export class StoreWriter {
  readonly #idleTimer: NodeJS.Timeout;
  /** The end of everything that writes so far. */
  #writing: Promise<unknown> = Promise.resolve();
  /** Number of the next journal record. */
  #next = 1;
  #oldestRecord = 1;
  #committedAt = -1;
  /** Records of labs that are due to be saved, of which a lab has several: less than none if it was more. */
  #due = 0;
  #nextRejection: number;
  #sweepAtMs = 0;

  /** Replays the journal. @throws Error when it, or a bucket that it changes, is not of a known version. */
  constructor(
    readonly labs: LabBuckets,
    readonly limits: WriterLimits,
  ) {
    this.#replay();
    const [newest] = labs.disk.rejections.getKeys({ reverse: true, limit: 1 });
    this.#nextRejection = (newest ?? 0) + 1;
    this.#idleTimer = setInterval(() => this.#saveWhenIdle(), IDLE_CHECK_MS);
    this.#idleTimer.unref();
  }

  /** @throws Error, and nothing of the batch was counted, when it cannot be written. */
  commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    return this.#alone(() => this.#commit(batch, nowMs));
  }

  /** Other puts and removes, in one transaction. @throws Error, and nothing was done, when it cannot be written. */
  write(puts: () => void): Promise<void> {
    return this.#alone(() => this.labs.disk.write(puts));
  }

  /** Saves what there is time for. */
  async close(): Promise<void> {
    clearInterval(this.#idleTimer);
    const deadline = performance.now() + CLOSE_SAVE_MS_MAX;
    await this.#alone(async () => {
      while (this.labs.memory.activeCount > 0 && performance.now() < deadline)
        await this.#save(SAVED_RECORDS_MAX);
    }).catch(() => {
      // The journal has it all.
    });
  }

  /**
   * Closes with everything saved: of the journal, only the number of its newest record is left.
   * @throws Error when it cannot be written; what is not saved is still in the journal.
   */
  async closeSettled(): Promise<void> {
    clearInterval(this.#idleTimer);
    const newest = this.#next - 1;
    await this.#alone(async () => {
      while (this.labs.memory.activeCount > 0) await this.#save(SAVED_RECORDS_MAX);
      while (this.#oldestRecord < newest) await this.#save(0);
      const nothing = encodeRecord({ nowMs: 0, rowsByLab: new Map() });
      if (newest > 0) await this.labs.disk.write(() => this.labs.disk.journal.put(newest, nothing));
    });
  }

  /** Runs what writes once everything before it is through. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work, work);
    this.#writing = done;
    return done;
  }

  async #commit(batch: Batch, nowMs: number): Promise<CommitResult> {
    const { labs } = this;
    const result = emptyCommitResult();
    const record = { nowMs, rowsByLab: withinLimit(labs, batch, result) };
    const number = this.#next;
    const prepared = labs.prepare(record, number);
    const isEmpty = record.rowsByLab.size === 0;
    const bytes = isEmpty ? undefined : encodeRecord(record);
    await this.#save(bytes === undefined ? 0 : this.#recordsDue(bytes.length, record.rowsByLab.size), () => {
      if (bytes !== undefined) labs.disk.journal.put(number, bytes);
      this.#putRejections(batch.rejections);
    });
    this.#committedAt = performance.now();
    if (!isEmpty) this.#next += 1;
    labs.apply(prepared, result);
    labs.memory.shrink(this.limits.memoryBytesMax);
    this.#nextRejection += batch.rejections.length;
    if (nowMs >= this.#sweepAtMs) {
      this.#sweepAtMs = nowMs + SWEEP_INTERVAL_MS;
      void this.#sweep(nowMs);
    }
    return result;
  }

  /**
   * How many records of labs to save with a journal record, so that all are by the time the journal has its limit; and
   * beyond the limit of memory, more than the record can add.
   */
  #recordsDue(journalBytes: number, labs: number): number {
    const { memory } = this.labs;
    const share = (journalBytes + RECORD_OVERHEAD_BYTES) / (this.limits.journalBytesMax / 2);
    this.#due += memory.activeRecords * Math.min(1, share);
    if (memory.bytes <= this.limits.memoryBytesMax) return this.#due;
    const recordsPerLab = memory.activeRecords / Math.max(1, memory.activeCount);
    return Math.max(this.#due, SAVED_RECORDS_MAX, 2 * labs * recordsPerLab);
  }

  /** Saves the labs that wait longest, and whatever else is put, in one transaction. */
  async #save(records: number, alsoPut: () => void = () => {}): Promise<void> {
    const { memory, disk } = this.labs;
    const states = memory.oldest(records);
    const upTo = this.#next - 1;
    // The newest record stays, for its number.
    const removable = Math.min(memory.neededFrom(this.#next), this.#next - 1);
    const removed = Math.max(0, Math.min(REMOVED_RECORDS_MAX, removable - this.#oldestRecord));
    await disk.write(() => {
      alsoPut();
      for (const state of states) this.labs.save(state, upTo);
      for (let i = 0; i < removed; i++) disk.journal.remove(this.#oldestRecord + i);
    });
    this.#oldestRecord += removed;
    for (const state of states) {
      // A lab may be more than was due; all that are saved for want of memory are not.
      this.#due = Math.max(this.#due, 0) - state.measured.records;
      memory.rest(state, upTo);
    }
  }

  #saveWhenIdle(): void {
    if (performance.now() - this.#committedAt < IDLE_CHECK_MS) return;
    if (this.labs.memory.activeCount === 0) return;
    // If it fails, the next commit says so.
    void this.#alone(() => this.#save(SAVED_RECORDS_MAX)).catch(() => {});
  }

  #putRejections(rejections: readonly Rejection[]): void {
    const { disk, options } = this.labs;
    rejections.forEach((rejection, i) => {
      const number = this.#nextRejection + i;
      disk.rejections.put(number, rejection);
      disk.rejections.remove(number - options.rejectionsMax);
    });
  }

  /** What has expired is invisible to reads already; if removing it fails, the next time will do. */
  async #sweep(nowMs: number): Promise<void> {
    const isDone = await this.#alone(() => sweep(this.labs, nowMs)).catch(() => true);
    if (!isDone) this.#sweepAtMs = nowMs;
  }

  #replay(): void {
    const { labs } = this;
    let first: number | undefined;
    for (const { key, value } of labs.disk.journal.getRange({})) {
      first ??= key;
      labs.apply(labs.prepare(decodeRecord(value), key), emptyCommitResult());
      labs.memory.shrink(this.limits.memoryBytesMax);
      this.#next = key + 1;
    }
    this.#oldestRecord = first ?? this.#next;
  }
}
