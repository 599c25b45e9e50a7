import { LAB_PARTITIONS } from '../observation/lab-id.js';
import { ask, type Commander } from './asking.js';
import type { Faults } from './faults.js';
import { type Keys, PARTITIONS } from './keys.js';
import { KnownLabs } from './known-labs.js';
import type { LateLists } from './late-lists.js';
import type { PageGrid } from './pages/page-grid.js';
import { AheadRoom, readAhead } from './read-ahead.js';
import type { LabsReply, NamesReply } from './scripts.js';
import { fenceArguments, type Servers } from './servers.js';
import { OTHER_TYPE } from './set-aside.js';

/** Partitions whose labs are asked for at first, when nobody knows how many there are. */
const PARTITIONS_AT_FIRST = 4;
/** Labs asked for in one call: bounds how long the server serves nobody else. A partition that is known is as much work as a few. */
const LABS_AT_ONCE = 1000;
const LABS_OF_KNOWN = 3;
/** Calls that are asked for before their labs are wanted. */
const CALLS_AHEAD = { least: 1, most: 1 };
/** Names asked for in one call: bounds how long the server serves nobody else. */
const NAMES_AT_ONCE_MAX = 2000;

/** Of so many labs at most, all are read for the sake of a few names: then they are known, and the next names cost a third. */
const FEW_LABS = 4000;
/** When they cannot all be remembered, as one of them is soon no more, they are read again after so long. */
const LEARN_AGAIN_MS = 60_000;

/** Some labs, and which of all the labs found so far are late, at least; undefined: nobody asked. */
export interface LabsPage {
  readonly labs: readonly string[];
  readonly late: ReadonlySet<string> | undefined;
}

/** What a reading of all labs asks the index for. */
interface Wanted {
  /** −∞: all. */
  readonly fromS: number;
  readonly oldestKeptS: number;
  /** End of a bucket that is to be read, to know who is late (late.lua); undefined: it is not worth to know. */
  readonly lateBeforeS: number | undefined;
  readonly late: Set<string> | undefined;
  /** Partitions that are still to be asked for. */
  readonly open: number[];
}

type Fencing = readonly [key: string, stamp: string];

/** Reads the indexes of labs: those of each partition with scripts, as many partitions in a call as are on one server. */
export class IndexReading {
  readonly known = new KnownLabs();
  /** As many as there were when they were asked for last. */
  #labsOfPartition: number | undefined;
  /** By the clock of `known`. */
  #learnAgainMs = Number.NEGATIVE_INFINITY;

  constructor(
    readonly servers: Servers,
    readonly keys: Keys,
    readonly pages: PageGrid,
    readonly lateLists: LateLists,
    readonly faults: Faults,
  ) {}

  /**
   * Labs whose newest observation may be as new as a time, in pages of about so many: each once.
   * @param lateBeforeS end of a bucket that is to be read, to know who is late (late.lua); undefined: it is not worth to know
   */
  async *labsSince(
    fromS: number,
    pageLabs: number,
    nowMs: number,
    lateBeforeS?: number,
  ): AsyncIterable<LabsPage> {
    const wanted: Wanted = {
      fromS,
      oldestKeptS: this.pages.oldestKeptS(nowMs),
      lateBeforeS,
      late: lateBeforeS === undefined ? undefined : new Set(),
      open: this.servers.groups.flat(),
    };
    const { late, open } = wanted;
    let rest: readonly string[] = [];
    while (open.length > 0) {
      const calls = readAhead(this.#someOf(wanted), CALLS_AHEAD, NO_ROOM, (some) =>
        this.#labsOf(some, wanted),
      );
      for await (const labs of calls) {
        rest = rest.length === 0 ? labs : rest.concat(labs);
        let at = 0;
        for (; rest.length - at >= pageLabs; at += pageLabs)
          yield { labs: rest.slice(at, at + pageLabs), late };
        rest = rest.slice(at);
      }
    }
    if (rest.length > 0) yield { labs: rest, late };
  }

  /** Takes partitions out of the open ones, as many at a time as are asked for in one call. */
  async *#someOf({ open, oldestKeptS }: Wanted): AsyncIterable<readonly number[]> {
    while (open.length > 0) {
      const share = this.#labsOfPartition ?? LABS_AT_ONCE / PARTITIONS_AT_FIRST;
      let [count, labs] = [0, 0];
      for (; count < open.length && (count === 0 || labs < LABS_AT_ONCE); count++)
        labs += this.known.of(open[count]!, oldestKeptS) === undefined ? share : LABS_OF_KNOWN;
      yield open.splice(0, count);
    }
  }

  /** The labs of these partitions, with one call for each group of them. Those that there was no room for are open again. */
  async #labsOf(partitions: readonly number[], wanted: Wanted): Promise<string[]> {
    const { fromS, oldestKeptS, lateBeforeS, late, open } = wanted;
    const before = this.keys.beforePartition();
    const knownOf = new Map<number, readonly string[]>();
    const labs: string[] = [];
    let [read, found] = [0, 0];
    await this.#ask<LabsReply>(
      partitions,
      (to, bytes, group, fence) => {
        const keys = group.length === 1 ? [this.keys.labs(group[0]!)] : [];
        const counts = Buffer.alloc(4 * group.length);
        for (const [i, partition] of group.entries()) {
          const known = this.known.of(partition, oldestKeptS);
          if (known === undefined) continue;
          knownOf.set(partition, known);
          counts.writeUInt32LE(known.length, 4 * i);
        }
        const asked = [before, bytes, counts, scoreOf(fromS), 2 * LABS_AT_ONCE, lateBeforeS ?? ''];
        return to.humtemp_labs(keys.length, ...keys, ...asked, ...fence);
      },
      (group, [lookedAt, wrong, changed, lowest, text, someLate, unknown]) => {
        for (const one of wrong) this.faults.report(this.keys.labs(one), OTHER_TYPE);
        for (const one of [...wrong, ...changed]) knownOf.delete(one);
        const texts = text.split('\n\n');
        for (const [i, partition] of changed.entries()) {
          const some = linesOf(texts[i]!);
          const lowestS = lowest[i] === '' ? undefined : Number(lowest[i]);
          this.known.remember(partition, some, lowestS, oldestKeptS);
          knownOf.set(partition, some);
          read += 1;
          found += some.length;
        }
        // One that is not known was said to have none, and that is right.
        for (const one of group.slice(0, lookedAt))
          if (!wrong.includes(one) && !knownOf.has(one)) {
            this.known.remember(one, [], Number.POSITIVE_INFINITY, oldestKeptS);
            knownOf.set(one, []);
            read += 1;
          }
        for (const lab of linesOf(someLate)) late?.add(lab);
        for (const one of unknown) for (const lab of knownOf.get(one) ?? []) late?.add(lab);
        this.lateLists.begin(unknown);
        for (const partition of group.slice(0, lookedAt))
          for (const lab of knownOf.get(partition) ?? []) labs.push(lab);
        open.unshift(...group.slice(lookedAt));
      },
    );
    if (read > 0) this.#labsOfPartition = found / read;
    return labs;
  }

  /**
   * Names of known labs after `after` in order, at most `limit`. Every partition is asked for its first few, so the cost is
   * that of the answer, however many labs there are; or only how many it has, where all labs are known.
   */
  async names(after: string, limit: number, nowMs: number): Promise<readonly string[]> {
    const oldestKeptS = this.pages.oldestKeptS(nowMs);
    if (await this.#isAllKnown(oldestKeptS)) return this.known.namesAfter(after, limit);
    const names: string[] = [];
    for (let from: string | undefined = after; from !== undefined && names.length < limit; ) {
      const enough: number = Math.min(limit - names.length, NAMES_AT_ONCE_MAX);
      const share = enough / LAB_PARTITIONS;
      const each = Math.min(enough, Math.ceil(share + 4 * Math.sqrt(share)) + 1);
      from = await this.#addNames(from, each, oldestKeptS, limit, names);
    }
    return names;
  }

  /** Whether the labs of all partitions are known, and are all there are. */
  async #isAllKnown(oldestKeptS: number): Promise<boolean> {
    const fromS = Number.NEGATIVE_INFINITY;
    const wanted: Wanted = { fromS, oldestKeptS, lateBeforeS: undefined, late: undefined, open: [] };
    const all = this.servers.groups.flat();
    if (this.#labsOfPartition === undefined) await this.#labsOf(all.slice(0, PARTITIONS_AT_FIRST), wanted);
    const areFew = (this.#labsOfPartition ?? Number.POSITIVE_INFINITY) * LAB_PARTITIONS <= FEW_LABS;
    const isWorthIt = areFew && this.known.clockMs() >= this.#learnAgainMs;
    if (!isWorthIt && !this.known.hasAll(PARTITIONS, oldestKeptS)) return false;
    wanted.open.push(...all);
    while (wanted.open.length > 0) await this.#labsOf(wanted.open.splice(0), wanted);
    const isAllKnown = this.known.hasAll(PARTITIONS, oldestKeptS);
    if (!isAllKnown) this.#learnAgainMs = this.known.clockMs() + LEARN_AGAIN_MS;
    return isAllKnown;
  }

  /**
   * Adds the first names behind one, so many of each partition.
   * @returns the name behind which to go on; undefined if there are no more.
   */
  async #addNames(
    after: string,
    each: number,
    oldestKeptS: number,
    limit: number,
    names: string[],
  ): Promise<string | undefined> {
    const begin = after === '' ? '-' : `(${after}`;
    // Behind the last name of a partition that may have more, others may be missing.
    let last: string | undefined;
    const found: string[][] = [];
    await this.#ask<NamesReply>(
      PARTITIONS,
      (to, bytes, group, fence) => {
        const [one] = group;
        const keys = group.length === 1 ? [this.keys.names(one!), this.keys.labs(one!)] : [];
        const before = this.keys.beforePartition();
        return to.humtemp_names(keys.length, ...keys, before, bytes, begin, each, oldestKeptS, ...fence);
      },
      (_, [wrong, ends, text]) => {
        for (const one of new Set(wrong)) this.faults.report(this.keys.names(one), OTHER_TYPE);
        for (const end of linesOf(ends)) if (last === undefined || end < last) last = end;
        found.push(linesOf(text));
      },
    );
    const end = last;
    const all = found.flatMap((some) => (end === undefined ? some : some.filter((name) => name <= end)));
    for (const name of all.sort().slice(0, limit - names.length)) names.push(name);
    return end;
  }

  /** One call of a script for each group of these partitions. */
  #ask<R>(
    partitions: readonly number[],
    add: (to: Commander, bytes: Buffer, group: readonly number[], fence: Fencing) => unknown,
    take: (group: readonly number[], reply: R) => void,
  ): Promise<void> {
    return ask(
      this.servers,
      'reads',
      partitions,
      (partition) => partition,
      true,
      (to, group, fence) => add(to, Buffer.from(group), group, fenceArguments(fence)),
      (numbers, [error, reply]) => {
        if (error !== null) throw error;
        take(
          numbers.map((i) => partitions[i]!),
          reply as R,
        );
      },
      true,
    );
  }
}

const NO_ROOM = new AheadRoom(0);

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}

function scoreOf(s: number): number | string {
  return s === Number.NEGATIVE_INFINITY ? '-inf' : s;
}
