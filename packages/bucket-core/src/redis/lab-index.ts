import { LAB_PARTITIONS } from '../observation/lab-id.js';
import { Admission } from './admission.js';
import { ask, type Commander, connectionOf } from './asking.js';
import type { Faults } from './faults.js';
import { type Keys, PARTITIONS } from './keys.js';
import type { LabStates } from './lab-states.js';
import { LateLists } from './late-lists.js';
import type { PageGrid } from './pages/page-grid.js';
import type { LabsReply, NamesReply } from './scripts.js';
import type { Servers } from './servers.js';
import { OTHER_TYPE } from './set-aside.js';

/** Labs removed from the indexes of a partition at a time, and how often it is the turn of the next partition. */
const SWEPT_LABS_MAX = 500;
const SWEEP_INTERVAL_MS = 3_600_000 / LAB_PARTITIONS;
/** Partitions whose labs are asked for at first, when nobody knows how many there are. */
const PARTITIONS_AT_FIRST = 4;
/** Names asked for in one call: bounds how long the server serves nobody else. */
const NAMES_AT_ONCE_MAX = 2000;

/** Some labs, and which of all the labs found so far are late, at least; undefined: nobody asked. */
export interface LabsPage {
  readonly labs: readonly string[];
  readonly late: ReadonlySet<string> | undefined;
}

/**
 * Which labs there are: so that reads never scan the key space. The script of a commit writes the entries; here they are
 * read, new labs are admitted, and labs that are no more are removed. Each partition has indexes of its own.
 */
export class LabIndex {
  #sweptAtMs = 0;
  #nextSwept = Math.floor(Math.random() * LAB_PARTITIONS);
  readonly #admission: Admission;
  readonly lateLists: LateLists;

  constructor(
    readonly servers: Servers,
    readonly keys: Keys,
    readonly pages: PageGrid,
    readonly states: LabStates,
    readonly faults: Faults,
  ) {
    this.#admission = new Admission(servers, keys);
    this.lateLists = new LateLists(servers, keys);
  }

  /** Of these labs, those that are new beyond `labsMax` labs in all, whichever process has the others. */
  async refusedLabs(labs: Iterable<string>, labsMax: number, nowMs: number): Promise<ReadonlySet<string>> {
    this.#sweepNext(nowMs);
    const unknown: string[] = [];
    for (const lab of labs)
      if (this.states.of(lab).longestStartS === Number.NEGATIVE_INFINITY) unknown.push(lab);
    if (unknown.length === 0) return NONE;
    return this.#admission.refused(unknown, labsMax, this.pages.oldestKeptS(nowMs));
  }

  /**
   * Labs whose newest observation may be as new as a time, in pages of about so many: each once.
   * @param lateBeforeS end of a bucket that is to be read, to know who is late (late.lua); undefined: it is not worth to know
   */
  async *labsSince(fromS: number, pageLabs: number, lateBeforeS?: number): AsyncIterable<LabsPage> {
    const late = lateBeforeS === undefined ? undefined : new Set<string>();
    let open = this.servers.groups.flat();
    let [found, lookedAt] = [0, 0];
    const next = async (): Promise<string[]> => {
      // As many partitions as have about two pages.
      const enough = lookedAt === 0 ? PARTITIONS_AT_FIRST : (2 * pageLabs) / Math.max(found / lookedAt, 0.5);
      const asked = this.#firstGroups(open, enough);
      const seen = new Set<number>();
      const labs: string[][] = [];
      await this.#ask<LabsReply>(
        asked,
        (to, bytes, group) => {
          const keys = group.length === 1 ? [this.keys.labs(group[0]!)] : [];
          const before = this.keys.beforePartition();
          return to.humtemp_labs(keys.length, ...keys, before, bytes, fromS, 2 * pageLabs, lateBeforeS ?? '');
        },
        (group, [count, wrong, text, someLate, unknown]) => {
          const some = linesOf(text);
          for (const lab of linesOf(someLate)) late?.add(lab);
          this.lateLists.begin(unknown);
          for (const one of wrong) this.faults.report(this.keys.labs(one), OTHER_TYPE);
          for (const one of group.slice(0, count)) seen.add(one);
          lookedAt += count;
          found += some.length;
          labs.push(some);
        },
      );
      open = open.filter((one) => !seen.has(one));
      return labs.flat();
    };
    // While these are read, the next are asked for.
    let asked: Promise<string[]> | undefined = next();
    for (let labs: string[] = []; asked !== undefined; ) {
      labs = labs.concat(await asked);
      asked = open.length > 0 ? next() : undefined;
      // It may fail when nobody wants it any more.
      asked?.catch(() => {});
      const isLast = asked === undefined;
      for (; labs.length >= pageLabs || (isLast && labs.length > 0); labs = labs.slice(pageLabs))
        yield { labs: labs.slice(0, pageLabs), late };
    }
  }

  /**
   * Names of known labs after `after` in order, at most `limit`. Every partition is asked for its first few, so the cost is
   * that of the answer, however many labs there are.
   */
  async names(after: string, limit: number, nowMs: number): Promise<readonly string[]> {
    const names: string[] = [];
    const oldestS = this.pages.oldestKeptS(nowMs);
    for (let from: string | undefined = after; from !== undefined && names.length < limit; ) {
      const enough: number = Math.min(limit - names.length, NAMES_AT_ONCE_MAX);
      const share = enough / LAB_PARTITIONS;
      const each = Math.min(enough, Math.ceil(share + 4 * Math.sqrt(share)) + 1);
      const begin = from === '' ? '-' : `(${from}`;
      const replies: NamesReply[] = [];
      await this.#ask<NamesReply>(
        PARTITIONS,
        (to, bytes, group) => {
          const [one] = group;
          const keys = group.length === 1 ? [this.keys.names(one!), this.keys.labs(one!)] : [];
          const before = this.keys.beforePartition();
          return to.humtemp_names(keys.length, ...keys, before, bytes, begin, enough, each, oldestS);
        },
        (_, reply) => replies.push(reply),
      );
      from = this.#addNames(replies, names, limit);
    }
    return names;
  }

  /** @returns the name behind which to go on; undefined if there are no more. */
  #addNames(replies: readonly NamesReply[], names: string[], limit: number): string | undefined {
    let last: string | undefined;
    const all: string[] = [];
    for (const [wrong, end, some] of replies) {
      for (const one of new Set(wrong)) this.faults.report(this.keys.names(one), OTHER_TYPE);
      for (const name of some) all.push(name);
      // Behind it, a group may have others.
      if (end !== '' && (last === undefined || end < last)) last = end;
    }
    if (replies.length > 1) all.sort();
    for (const name of all)
      if (names.length < limit && (last === undefined || name <= last)) names.push(name);
    return last;
  }

  /** Of these partitions, those of the first groups, until there are enough. */
  #firstGroups(partitions: readonly number[], enough: number): number[] {
    const groups = new Map<number, number[]>();
    for (const partition of partitions) {
      const group = this.servers.groupOf(partition);
      const some = groups.get(group);
      if (some === undefined) groups.set(group, [partition]);
      else some.push(partition);
    }
    const first: number[] = [];
    for (const some of groups.values()) {
      if (first.length > 0 && first.length >= enough) break;
      first.push(...some);
    }
    return first;
  }

  /** One call of a script for each group of these partitions. */
  #ask<R>(
    partitions: readonly number[],
    add: (to: Commander, bytes: Buffer, group: readonly number[]) => unknown,
    take: (group: readonly number[], reply: R) => void,
  ): Promise<void> {
    return ask(
      this.servers,
      'reads',
      partitions,
      (partition) => partition,
      true,
      (to, group) => add(to, Buffer.from(group), group),
      (numbers, [error, reply]) => {
        if (error !== null) throw error;
        take(
          numbers.map((i) => partitions[i]!),
          reply as R,
        );
      },
    );
  }

  /** Now and then, removes labs of one partition that are no more. */
  #sweepNext(nowMs: number): void {
    if (nowMs - this.#sweptAtMs < SWEEP_INTERVAL_MS) return;
    this.#sweptAtMs = nowMs;
    const partition = this.#nextSwept;
    this.#nextSwept = (partition + 1) % LAB_PARTITIONS;
    this.#sweep(partition, nowMs).catch(() => {
      // What is left is invisible, and the next time will do.
    });
  }

  async #sweep(partition: number, nowMs: number): Promise<void> {
    const redis = await connectionOf(this.servers, 'commits', partition);
    const { keys } = this;
    const named = [keys.labs(partition), keys.names(partition), keys.late(partition)];
    this.lateLists.begin([partition]);
    await redis.humtemp_sweep(3, ...named, this.pages.oldestKeptS(nowMs), SWEPT_LABS_MAX);
  }
}

const NONE: ReadonlySet<string> = new Set();

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}
