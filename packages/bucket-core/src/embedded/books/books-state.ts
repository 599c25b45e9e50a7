import type { Rejection } from '../../observation/rejection.js';
import { COUNTS_KEPT_S, LEDGER_REPORT_KEPT_S, type StoreCount } from '../../store/books.js';
import type { CommitResult } from '../../store/commit-result.js';
import type { LedgerReport } from '../../store/ledger-counters.js';

/** What the journal has of the books, besides what stands in batches. */
export type BooksEntry =
  | { readonly process: string }
  | { readonly ledger: LedgerReport }
  | { readonly touched: string; readonly session: Session }
  | { readonly forgotten: string };

export interface Session {
  readonly owner: string;
  readonly value: string;
  readonly expiresMs: number;
}

interface Count extends StoreCount {
  committed: number;
  duplicate: number;
  suspended: number;
  committedMs: number;
}

interface Snapshot {
  readonly process: string;
  readonly rejections: readonly Rejection[];
  readonly ledgers: readonly LedgerReport[];
  readonly sessions: readonly (readonly [string, Session])[];
  readonly counts: readonly Count[];
}

/** Rejections, ledgers, sessions and counts, all of them in memory. */
export class BooksState {
  /** The newest last. */
  rejections: Rejection[] = [];
  readonly ledgers = new Map<string, LedgerReport>();
  readonly sessions = new Map<string, Session>();
  readonly #counts = new Map<string, Count>();
  /** Whose commits are counted. */
  #process = '';

  constructor(readonly rejectionsMax: number) {}

  apply(entry: BooksEntry): void {
    if ('process' in entry) this.#process = entry.process;
    else if ('ledger' in entry) this.ledgers.set(entry.ledger.process, entry.ledger);
    else if ('touched' in entry) this.sessions.set(entry.touched, entry.session);
    else this.sessions.delete(entry.forgotten);
  }

  count({ committed, duplicate, suspended }: CommitResult, nowMs: number): void {
    let count = this.#counts.get(this.#process);
    if (count === undefined) {
      count = { process: this.#process, committed: 0, duplicate: 0, suspended: 0, committedMs: nowMs };
      this.#counts.set(this.#process, count);
    }
    count.committed += committed;
    count.duplicate += duplicate;
    count.suspended += suspended;
    count.committedMs = nowMs;
  }

  list(rejections: readonly Rejection[]): void {
    if (rejections.length === 0 && this.rejections.length <= this.rejectionsMax) return;
    this.rejections.push(...rejections);
    if (this.rejections.length > this.rejectionsMax)
      this.rejections = this.rejectionsMax === 0 ? [] : this.rejections.slice(-this.rejectionsMax);
  }

  get counted(): readonly StoreCount[] {
    return [...this.#counts.values()].map(({ process, committed, duplicate, suspended }) => ({
      process,
      committed,
      duplicate,
      suspended,
    }));
  }

  /** Drops what is no longer kept. */
  sweep(nowMs: number): void {
    for (const [process, { reportedMs }] of this.ledgers)
      if (reportedMs + LEDGER_REPORT_KEPT_S * 1000 <= nowMs) this.ledgers.delete(process);
    for (const [process, { committedMs }] of this.#counts)
      if (process !== this.#process && committedMs + COUNTS_KEPT_S * 1000 <= nowMs)
        this.#counts.delete(process);
    this.list([]);
  }

  snapshot(): Buffer {
    const snapshot: Snapshot = {
      process: this.#process,
      rejections: this.rejections,
      ledgers: [...this.ledgers.values()],
      sessions: [...this.sessions],
      counts: [...this.#counts.values()],
    };
    return Buffer.from(JSON.stringify(snapshot));
  }

  restore(bytes: Buffer): void {
    const { process, rejections, ledgers, sessions, counts } = JSON.parse(bytes.toString()) as Snapshot;
    this.#process = process;
    this.list(rejections);
    for (const ledger of ledgers) this.ledgers.set(ledger.process, ledger);
    for (const [name, session] of sessions) this.sessions.set(name, session);
    for (const count of counts) this.#counts.set(count.process, count);
  }
}
