import { oldestLiveMs } from '../grid/bucket-grid.js';
import { valuesOf, writeAt } from './asking.js';
import type { Keys } from './keys.js';
import type { LabState, LabStates } from './lab-states.js';
import {
  FOLD_LIMITS,
  type Folded,
  type FoldLimits,
  type FoldPlan,
  fold,
  foldAtBytes,
  type PageName,
  type PageWrite,
  planFold,
  writeAnew,
} from './pages/fold.js';
import { newestMs, parseHead } from './pages/head.js';
import type { PageGrid } from './pages/page-grid.js';
import { newHead, salvagedHead } from './pages/salvage.js';
import { UnreadableValue } from './pages/unreadable-value.js';
import type { RedisLink } from './redis-link.js';
import { fenceArguments, type Servers } from './servers.js';
import { OTHER_TYPE, type SetAside, WRONG_TYPE } from './set-aside.js';

/** What a fold has made of a lab, and of what. */
export interface FoldedLab {
  readonly state: LabState;
  readonly plan: Pick<FoldPlan, 'head' | 'value'>;
  readonly folded: Folded;
}

/** A lab that is about to be folded. */
interface Planned extends FoldedLab {
  readonly plan: FoldPlan;
}

const LABS_AT_ONCE = 128;
/** Times that the same lab is tried again at once, when a page of it turns out to be full or unreadable. */
const ROUNDS_MAX = 4;
/** Sensors' clocks may be ahead; a time beyond this is no time. */
export const AHEAD_MS_MAX = 86_400_000;

const HOW = { append: 0, 'append anew': 1, set: 2 } as const;

/**
 * Folds the tails of labs, after their commits were answered, some labs at a time:
 *
 *     idle ──add──▶ folding ──nothing is due──▶ idle
 *                      └─ stop: what is due is left; whoever appends next folds it
 *
 * Folds may be given up at any moment, and several processes may fold the same lab: the generation of the head decides.
 */
export class Folding {
  readonly #due = new Set<LabState>();
  #running: Promise<void> | undefined;
  #stopped = false;
  /** The time of the newest commit. */
  nowMs = 0;

  constructor(
    readonly servers: Servers,
    readonly keys: Keys,
    readonly pages: PageGrid,
    readonly states: LabStates,
    readonly setAside: SetAside,
    readonly limits: FoldLimits = FOLD_LIMITS,
  ) {}

  add(state: LabState): void {
    if (this.#stopped) return;
    this.#due.add(state);
    this.#running ??= this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#due.clear();
  }

  /** Resolves when nothing is due. */
  async whenIdle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // After the answer to the commit.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#due.size > 0) {
      const some: LabState[] = [];
      for (const state of this.#due) {
        if (some.length === LABS_AT_ONCE) break;
        some.push(state);
        this.#due.delete(state);
      }
      // What fails is due again with the next observation, and the next commit tells why.
      await this.fold(some).catch(() => {});
    }
    this.#running = undefined;
  }

  /** Folds these labs, those of each server by themselves: one that does not answer keeps only its own. */
  async fold(states: readonly LabState[]): Promise<void> {
    const byLink = new Map<RedisLink, LabState[]>();
    for (const state of states) {
      const link = this.servers.linkOf(state.partition);
      const some = byLink.get(link);
      if (some === undefined) byLink.set(link, [state]);
      else some.push(state);
    }
    await settled([...byLink.values()].map((some) => this.#foldSome(some)));
  }

  async #foldSome(states: readonly LabState[]): Promise<void> {
    let due = states;
    for (let round = 0; round < ROUNDS_MAX && due.length > 0 && !this.#stopped; round++)
      due = await this.#foldOnce(due);
  }

  /** @returns the labs to fold again. */
  async #foldOnce(states: readonly LabState[]): Promise<LabState[]> {
    const { nowMs } = this;
    const heads = await valuesOf(
      this.servers,
      'commits',
      states.map(({ headKey }) => headKey),
    );
    const again: LabState[] = [];
    const plans: { state: LabState; plan: FoldPlan }[] = [];
    for (const [i, state] of states.entries()) {
      const value = heads[i];
      if (!value) continue;
      try {
        const { baseBytes } = parseHead(value);
        const isFull = this.#isFull(state, newestMs(value));
        const plan = planFold(value, this.pages, isFull, this.limits);
        if (plan !== undefined) plans.push({ state, plan });
        else {
          state.foldAtBytes = Math.max(foldAtBytes(baseBytes, 0, isFull, this.limits), value.length + 1);
        }
      } catch (error) {
        if (!(error instanceof UnreadableValue)) throw error;
        await this.repair(state, value, error.message, nowMs);
      }
    }
    const sealed = await this.#sealedPages(plans);
    const planned: Planned[] = [];
    for (const { state, plan } of plans) {
      const key = plan.sealedPage === undefined ? '' : this.keys.rawPage(state.lab, plan.sealedPage);
      const page = sealed.get(key);
      try {
        const isFull = (raw: number) => state.fullPages?.has(raw) === true;
        const isWritten = (raw: number) => state.writtenPage === raw;
        planned.push({ state, plan, folded: fold(plan, this.pages, page, isFull, isWritten, nowMs) });
      } catch (error) {
        // Its head was read well when it was planned.
        if (!(error instanceof UnreadableValue) || page === undefined) throw error;
        await this.setAside.value(key, page, error.message, state.lab);
        again.push(state);
      }
    }
    const ready = await this.#withCrowdedPages(planned, again);
    if (ready.length === 0) return again;
    const groups = new Map<number, Planned[]>();
    for (const one of ready) {
      const group = this.servers.groupOf(one.state.partition);
      const some = groups.get(group);
      if (some === undefined) groups.set(group, [one]);
      else some.push(one);
    }
    await settled(
      [...groups.values()].map(async (some) => {
        const answers = await this.write(some);
        for (const [i, one] of some.entries())
          if (await this.#settle(one, answers[i]!)) again.push(one.state);
      }),
    );
    return again;
  }

  async #sealedPages(
    plans: readonly { readonly state: LabState; readonly plan: FoldPlan }[],
  ): Promise<Map<string, Buffer>> {
    const keys = plans.flatMap(({ state, plan }) =>
      plan.sealedPage === undefined ? [] : [this.keys.rawPage(state.lab, plan.sealedPage)],
    );
    return this.#pagesOf(keys);
  }

  /**
   * Has crowded pages written anew: between the reading of the head and the writing nobody else changes a page, or the
   * generation of the head is another. @returns the folds to write; labs of which a page is unreadable go to `again`.
   */
  async #withCrowdedPages(planned: readonly Planned[], again: LabState[]): Promise<readonly Planned[]> {
    const crowded = planned.filter(({ state }) => state.crowdedPages !== undefined);
    if (crowded.length === 0) return planned;
    const values = await this.#pagesOf(crowded.flatMap(({ state }) => [...state.crowdedPages!]));
    const unreadable = new Set<Planned>();
    for (const one of crowded)
      for (const write of one.folded.writes) {
        const key = this.#keyOf(one.state, write.key);
        const value = values.get(key);
        if (value === undefined) continue;
        try {
          writeAnew(write, value, this.pages);
        } catch (error) {
          if (!(error instanceof UnreadableValue)) throw error;
          await this.setAside.value(key, value, error.message, one.state.lab);
          unreadable.add(one);
        }
      }
    again.push(...[...unreadable].map(({ state }) => state));
    return planned.filter((one) => !unreadable.has(one));
  }

  async #pagesOf(keys: readonly string[]): Promise<Map<string, Buffer>> {
    const found = new Map<string, Buffer>();
    if (keys.length === 0) return found;
    const values = await valuesOf(this.servers, 'commits', keys);
    for (const [i, key] of keys.entries()) if (values[i]) found.set(key, values[i]);
    return found;
  }

  /**
   * The only caller of fold.lua. All labs are of places that may go into one command.
   * @returns for each lab what that answers
   */
  async write(planned: readonly FoldedLab[]): Promise<number[]> {
    const keys: string[] = [];
    const packed: Buffer[] = [];
    for (const { state, plan, folded } of planned) {
      keys.push(
        state.headKey,
        this.keys.late(state.partition),
        ...folded.writes.map(({ key }) => this.#keyOf(state, key)),
      );
      const header = Buffer.allocUnsafe(16);
      header.writeUInt32LE(plan.head.generation, 0);
      header.writeUInt32LE(plan.value.length, 4);
      header.writeUInt32LE(folded.writes.length, 8);
      header.writeUInt32LE(folded.lateS, 12);
      packed.push(Buffer.concat([header, folded.head]), ...folded.writes.map(packWrite));
    }
    const { partition } = planned[0]!.state;
    return writeAt(this.servers, partition, (redis, fence) =>
      planned.every(({ state }) => this.#isTogether(state.partition, partition))
        ? redis.humtemp_fold(keys.length, ...keys, ...fenceArguments(fence), ...packed)
        : Promise.resolve(planned.map(() => 0)),
    );
  }

  /** Whether two places are still on one server, and neither is on its way: whoever commits next folds the labs of others. */
  #isTogether(one: number, another: number): boolean {
    const { servers } = this;
    return servers.groupOf(one) === servers.groupOf(another) && !servers.isOnItsWay(one, false);
  }

  /** Whether the newest observations go to a page that takes no more rows: then sums are made of many of them at a time. */
  #isFull({ fullPages }: LabState, newest: number): boolean {
    return fullPages?.has(this.pages.rawPage(newest)) === true;
  }

  #withoutExpired(fullPages: LabState['fullPages']): LabState['fullPages'] {
    if (fullPages === undefined) return undefined;
    const oldestMs = this.nowMs - this.pages.horizonS * 1000;
    const left = [...fullPages].filter((page) => this.pages.rawStartMs(page + 1) > oldestMs);
    return left.length > 0 ? new Set(left) : undefined;
  }

  #keyOf({ lab }: LabState, name: PageName): string {
    return 'raw' in name
      ? this.keys.rawPage(lab, name.raw)
      : this.keys.aggregatePage(lab, name.durationS, name.pageStartS);
  }

  /** @returns whether to fold the lab again at once. */
  async #settle({ state, plan, folded }: Planned, answer: number): Promise<boolean> {
    if (answer > 0) {
      state.crowdedPages = undefined;
      state.backOff = Math.floor(state.backOff * 0.75);
      state.skips = Math.round(Math.random() * state.backOff);
      const kept = plan.rows.count - plan.cut;
      state.watermarkMs = plan.watermarkMs;
      state.writtenPage = this.pages.rawPage(plan.rows.ms[plan.cut - 1]!);
      state.fullPages = this.#withoutExpired(state.fullPages);
      const isFull = this.#isFull(state, plan.rows.ms[plan.rows.count - 1]!);
      state.foldAtBytes = foldAtBytes(folded.baseBytes, kept, isFull, this.limits);
      return plan.isPart;
    }
    if (answer === 0) {
      // Another process has folded it.
      state.backOff = Math.min(8, 1 + 2 * state.backOff);
      state.skips = Math.round(Math.random() * state.backOff);
      return false;
    }
    const isFull = answer <= -1000;
    const { key } = folded.writes[(isFull ? -answer - 1000 : -answer) - 1]!;
    if (!isFull) await this.setPageAside({ state, folded }, answer);
    else if ('raw' in key && state.fullPages?.has(key.raw) !== true)
      state.fullPages = new Set([...(state.fullPages ?? []), key.raw].slice(-16));
    else state.crowdedPages = new Set([...(state.crowdedPages ?? []), this.#keyOf(state, key)]);
    return true;
  }

  /** @param answer what `write` said: a page is of another type */
  async setPageAside({ state, folded }: Pick<FoldedLab, 'state' | 'folded'>, answer: number): Promise<void> {
    const key = this.#keyOf(state, folded.writes[-answer - 1]!.key);
    await this.setAside.value(key, WRONG_TYPE, OTHER_TYPE, state.lab);
  }

  /** Sets a head aside, and puts one in its place with what can be saved of it. */
  async repair(state: LabState, value: Buffer, reason: string, nowMs: number): Promise<void> {
    const generation = Math.floor(Math.random() * 2 ** 32);
    const head =
      value === WRONG_TYPE
        ? newHead(generation, nowMs)
        : salvagedHead(value, generation, oldestLiveMs(this.pages.grid, nowMs), nowMs + AHEAD_MS_MAX, nowMs);
    const newest = head.readUIntBE(head.length - 6, 6);
    const expiryS = this.pages.labExpiryS(this.pages.longestStartS(newest));
    state.longestStartS = Number.NEGATIVE_INFINITY;
    await this.setAside.value(state.headKey, value, reason, state.lab, head, expiryS);
  }
}

/** Waits for all, whatever becomes of some. @throws the first error */
async function settled(all: readonly Promise<void>[]): Promise<void> {
  for (const one of await Promise.allSettled(all)) if (one.status === 'rejected') throw one.reason;
}

function packWrite({ how, bytesMax, expiryS, bytes }: PageWrite): Buffer {
  const header = Buffer.allocUnsafe(9);
  header[0] = HOW[how];
  header.writeUInt32LE(bytesMax, 1);
  header.writeUInt32LE(expiryS, 5);
  return Buffer.concat([header, ...bytes]);
}
