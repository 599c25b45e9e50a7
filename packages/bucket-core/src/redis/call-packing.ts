import { randomUUID } from 'node:crypto';
import { oldestLiveMs } from '../grid/bucket-grid.js';
import { LAB_PARTITIONS } from '../observation/lab-id.js';
import { ROW_LENGTH } from '../store/batch.js';
import { type CommitCall, INDEX, NO_DEDUPLICATION, type Part, packCall } from './commit-call.js';
import { AHEAD_MS_MAX } from './folding.js';
import type { Keys } from './keys.js';
import type { PageGrid } from './pages/page-grid.js';
import type { Servers } from './servers.js';

/** Labs and rows in one call: bound how long the server serves nobody else. */
const CALL_LABS_MAX = 256;
const CALL_ROWS_MAX = 8192;

/** Makes calls of the parts of a commit. */
export class CallPacking {
  /** Names this process' calls among all processes'. */
  readonly #instance = randomUUID().slice(0, 18);
  readonly #servers: Servers;
  readonly #keys: Keys;
  readonly #pages: PageGrid;
  #number = 0;

  constructor({
    servers,
    keys,
    pages,
  }: { readonly servers: Servers; readonly keys: Keys; readonly pages: PageGrid }) {
    this.#servers = servers;
    this.#keys = keys;
    this.#pages = pages;
  }

  /**
   * Calls for parts, in the order of partitions: those of a partition go together, as far as they fit, and with others
   * of the same group.
   */
  callsOf(parts: readonly Part[], nowMs: number): CommitCall[] {
    const byPartition: (Part[] | undefined)[] = new Array(LAB_PARTITIONS);
    for (const part of parts) {
      this.#flag(part);
      const { partition } = part.state;
      const some = byPartition[partition];
      if (some === undefined) byPartition[partition] = [part];
      else some.push(part);
    }
    const calls: CommitCall[] = [];
    const callsOfFirst = new Map<number, number>();
    let open: Part[] = [];
    let rows = 0;
    let group: number | undefined;
    const close = () => {
      if (open.length === 0) return;
      const first = open[0]!.state.partition;
      const number = callsOfFirst.get(first) ?? 0;
      callsOfFirst.set(first, number + 1);
      calls.push(this.#call(open, number, nowMs));
      open = [];
      rows = 0;
    };
    for (const [partition, some] of byPartition.entries()) {
      if (some === undefined) continue;
      const groupOfSome = this.#servers.groupOf(partition);
      if (groupOfSome !== group) close();
      group = groupOfSome;
      const someRows = some.reduce((sum, part) => sum + part.rows.length / ROW_LENGTH, 0);
      if (open.length + some.length > CALL_LABS_MAX || rows + someRows > CALL_ROWS_MAX) close();
      for (const part of some) {
        const count = part.rows.length / ROW_LENGTH;
        if (part.isAlone || open.length === CALL_LABS_MAX || rows + count > CALL_ROWS_MAX) close();
        open.push(part);
        rows += count;
        if (part.isAlone) close();
      }
    }
    close();
    return calls;
  }

  #flag(part: Part): void {
    const pages = this.#pages;
    const { state, rows } = part;
    if (!pages.keepsRows()) part.flags |= NO_DEDUPLICATION;
    if (rows.length === 0) return;
    const startS = pages.longestStartS(rows[rows.length - ROW_LENGTH]!);
    if (startS > state.longestStartS) {
      state.longestStartS = startS;
      part.flags |= INDEX;
    }
    part.expiryS = pages.labExpiryS(Math.max(startS, state.longestStartS));
  }

  #call(parts: readonly Part[], number: number, nowMs: number): CommitCall {
    const keys = this.#keys;
    const { partition } = parts[0]!.state;
    this.#number += 1;
    return packCall(
      {
        number: this.#number,
        lowMs: oldestLiveMs(this.#pages.grid, nowMs),
        highMs: nowMs + AHEAD_MS_MAX,
        nowMs,
      },
      partition,
      keys.done(partition, this.#instance, number),
      keys.counts(partition),
      (of) => [keys.labs(of), keys.names(of)],
      (of) => keys.late(of),
      parts.filter(({ rows }) => rows.length > 0),
      parts.filter(({ rows }) => rows.length === 0),
    );
  }
}
