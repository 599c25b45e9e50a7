import { createHash } from 'node:crypto';
import {
  type Books,
  imbalance,
  type LedgerCounters,
  type LedgerReport,
  type ProcessState,
  type StoreCount,
} from '@humtemp/bucket-core';

/** The ledger of a process, as far as it is known. */
export interface FleetMember {
  readonly process: string;
  /** Tells it from others, and says nothing of its host. */
  readonly alias: string;
  readonly role: string;
  readonly reportedMs: number;
  /** It has not reported for so long that it does not run, or cannot reach the store. */
  readonly isGone: boolean;
  readonly counters: LedgerCounters;
  readonly isBalanced: boolean;
  /** As of its last report. */
  readonly state: ProcessState | undefined;
}

export interface Fleet {
  readonly members: readonly FleetMember[];
  /** Of processes whose last report is forgotten, or that never made one: what the store counted. */
  readonly earlier: { readonly processes: number; readonly committed: number; readonly duplicate: number };
}

/** A process reports once a minute, whatever happens. */
const SILENT_MS_MAX = 120_000;

/**
 * Every process that shares the store: this one as it is now, the others by their reports. A last report is not what
 * became of a process: of one that is gone the store itself counted what it committed, in the same step, and what was
 * in flight then was never acknowledged.
 */
export async function readFleet(
  books: Pick<Books, 'ledgers' | 'counted'>,
  own: LedgerReport,
): Promise<Fleet> {
  const nowMs = own.reportedMs;
  const [reported, counted] = await Promise.all([books.ledgers(nowMs), books.counted()]);
  const reports = [own, ...reported.filter(({ process }) => process !== own.process)];
  const countOf = new Map(counted.map((count) => [count.process, count]));
  const members = reports.map((report) => memberOf(report, countOf.get(report.process), nowMs));
  members.sort((a, b) => (a.process < b.process ? -1 : 1));
  const names = new Set(reports.map(({ process }) => process));
  const others = counted.filter(({ process }) => !names.has(process));
  const sum = (of: (count: StoreCount) => number) => others.reduce((total, count) => total + of(count), 0);
  return {
    members,
    earlier: {
      processes: others.length,
      committed: sum(({ committed }) => committed),
      duplicate: sum(({ duplicate }) => duplicate),
    },
  };
}

function memberOf(report: LedgerReport, count: StoreCount | undefined, nowMs: number): FleetMember {
  const { process, role, reportedMs, state } = report;
  const isGone = nowMs - reportedMs > SILENT_MS_MAX;
  const counters = isGone ? countersOfGone(report.counters, count) : report.counters;
  return {
    process,
    alias: aliasOf(process, role),
    role,
    reportedMs,
    isGone,
    counters,
    state,
    // What a process knew to be committed is in the store's count, whatever became of it.
    isBalanced: imbalance(counters) === 0 && (!isGone || holds(count, report.counters)),
  };
}

function countersOfGone(last: LedgerCounters, count: StoreCount | undefined): LedgerCounters {
  const { committed, duplicate } = count ?? last;
  const rejected = Object.values(last.rejected).reduce((sum, of) => sum + of, 0);
  return {
    received: committed + duplicate + rejected,
    committed,
    duplicate,
    rejected: last.rejected,
    in_flight: 0,
  };
}

/** A batch whose answer was lost is committed first and a duplicate at its repetition, of which the process knew one. */
function holds(count: StoreCount | undefined, { committed, duplicate }: LedgerCounters): boolean {
  // A store that does not count cannot tell.
  if (count === undefined) return true;
  return count.committed >= committed && count.committed + count.duplicate >= committed + duplicate;
}

/** Names begin with the role and have the host in them. */
export function aliasOf(process: string, role: string): string {
  return `${role}-${createHash('sha256').update(process).digest('hex').slice(0, 8)}`;
}
