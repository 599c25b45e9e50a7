import { type Aggregate, mergeAggregate } from '../../aggregate/aggregate.js';
import { keepsHistograms } from '../../aggregate/histogram.js';
import { bucketStartS, type Resolution } from '../../grid/bucket-grid.js';
import type { LabBucket } from '../../store/bucket-store.js';
import { aggregateOfSlot, newestSlot } from '../pages/aggregate-page.js';
import { bucketOfBase, ON_PAGE, parseHead } from '../pages/head.js';
import type { PageGrid } from '../pages/page-grid.js';
import { bucketOfRawPage, newestOfRawPage } from '../pages/raw-page.js';
import { addTail } from '../pages/tail-sum.js';
import { type LabValues, readingPage } from './lab-values.js';
import { type PageName, pagesWith } from './page-names.js';

/** Pages do not say whether that is all. */
const OPEN = 'open';

type Found = (LabBucket | undefined)[];

/** Where the bucket of most labs is looked for first; what is not found there is read from heads and pages. */
type Way = 'heads' | 'pages' | 'both';

/**
 * Reads one bucket of labs, some at a time. Where it is looked for follows from what the labs before had:
 *
 *     the current one, the one before:  heads
 *     older ones:                       pages ──most have it not─▶ heads ──most have it not─▶ both
 *
 * Head and pages are asked for with one command, which is one moment: a row is never seen twice or not at all. Pages alone do
 * as well where no row of the head can be in the bucket: something newer was folded, and the lab is not late (late.lua). Who is
 * late was asked before the pages, so what was committed before the reading began is in it. A lab with an unreadable value is left out.
 */
export class BucketReading {
  readonly #keeps: boolean;
  readonly #isOld: boolean;
  readonly #names: readonly PageName[];
  #way: Way;

  constructor(
    readonly values: LabValues,
    readonly pages: PageGrid,
    readonly resolution: Resolution,
    readonly startS: number,
    readonly nowMs: number,
    withHistograms: boolean,
  ) {
    const { durationS } = resolution;
    this.#keeps = withHistograms && keepsHistograms(durationS);
    // What is older than the one before the current is on pages as a rule.
    this.#isOld = startS < bucketStartS(nowMs, durationS, pages.grid.alignmentS) - durationS;
    this.#names = pagesWith(pages, values.keys, resolution, startS, startS + durationS);
    this.#way = this.#isOld ? 'both' : 'heads';
    if (this.usesPages) this.#way = 'pages';
  }

  /** Whether it is worth to know who is late. */
  get usesPages(): boolean {
    return this.#isOld && this.#names.length > 0;
  }

  /**
   * The bucket of each of these labs that has it, in their order.
   * @param late labs of which heads have to be read, at least; undefined: of all of them
   */
  async of(labs: readonly string[], late?: ReadonlySet<string>): Promise<LabBucket[]> {
    const found: Found = new Array(labs.length).fill(undefined);
    let open: number[];
    const way = late === undefined && this.#way === 'pages' ? 'both' : this.#way;
    if (way === 'heads') open = await this.#fromHeads(labs, found);
    else if (way === 'pages') open = await this.#fromPages(labs, late ?? NOBODY, found);
    else open = [...labs.keys()];
    if (open.length > 0) await this.#fromHeadsAndPages(labs, open, found);
    return found.filter((bucket) => bucket !== undefined);
  }

  /** @returns the numbers of the labs whose bucket is on a page */
  async #fromHeads(labs: readonly string[], found: Found): Promise<number[]> {
    const { values, startS, nowMs } = this;
    const heads = await values.of(labs.map((lab) => values.keys.head(lab)));
    const open: number[] = [];
    const missing: string[] = [];
    for (let i = 0; i < labs.length; i++) {
      const lab = labs[i]!;
      const value = heads[i];
      if (!value) {
        missing.push(lab);
        continue;
      }
      try {
        const aggregate = this.#ofHead(value);
        if (aggregate === ON_PAGE) open.push(i);
        else if (aggregate !== undefined) found[i] = { lab, startS, aggregate };
      } catch (error) {
        values.unreadable(error, lab, value, nowMs);
      }
    }
    await values.reportWrongHeads(missing);
    if (2 * open.length > labs.length) this.#way = 'both';
    return open;
  }

  #ofHead(value: Buffer): Aggregate | typeof ON_PAGE | undefined {
    const { startS } = this;
    const { durationS } = this.resolution;
    const head = parseHead(value);
    const held = bucketOfBase(value, head, durationS, startS, this.#keeps);
    if (held === ON_PAGE) return held;
    return addTail(held, value, head.baseBytes, startS * 1000, (startS + durationS) * 1000, this.#keeps);
  }

  /** @returns the numbers of the labs of which pages do not say all */
  async #fromPages(labs: readonly string[], late: ReadonlySet<string>, found: Found): Promise<number[]> {
    const { values, startS, nowMs } = this;
    const open: number[] = [];
    const keys: string[] = [];
    for (let i = 0; i < labs.length; i++)
      if (late.has(labs[i]!)) open.push(i);
      else for (const name of this.#names) keys.push(name.keyOf(labs[i]!));
    const asked = labs.length - open.length;
    if (asked === 0) return open;
    const read = await values.of(keys);
    for (let i = 0, at = 0, o = 0; i < labs.length; i++) {
      if (open[o] === i) {
        o += 1;
        continue;
      }
      const lab = labs[i]!;
      const from = at;
      at += this.#names.length;
      try {
        const aggregate = this.#ofPages(keys, read, from);
        if (aggregate === OPEN) open.splice(o++, 0, i);
        else if (aggregate !== undefined) found[i] = { lab, startS, aggregate };
      } catch (error) {
        values.unreadable(error, lab, NO_BYTES, nowMs);
      }
    }
    if (2 * (labs.length - open.length) < asked) this.#way = 'heads';
    return open;
  }

  /** What pages have of a lab that is not late. The last of them says whether something newer than the bucket was folded. */
  #ofPages(
    keys: readonly string[],
    read: readonly (Buffer | null)[],
    from: number,
  ): Aggregate | typeof OPEN | undefined {
    const last = from + this.#names.length - 1;
    for (let j = from; j <= last; j++) if (!read[j]) return OPEN;
    const bytes = read[last]!;
    const { startS } = this.#names.at(-1)!;
    const { durationS } = this.resolution;
    const aggregate = this.#onPages(keys, read, from);
    if (this.pages.followsFromRows(this.resolution))
      return newestOfRawPage(bytes, startS * 1000) < (this.startS + durationS) * 1000 ? OPEN : aggregate;
    // Whatever is on an aggregate page is older than what the head holds.
    return aggregate === undefined && newestSlot(bytes) < (this.startS - startS) / durationS
      ? OPEN
      : aggregate;
  }

  async #fromHeadsAndPages(labs: readonly string[], numbers: readonly number[], found: Found): Promise<void> {
    const { values, startS, nowMs } = this;
    const { durationS } = this.resolution;
    const names = this.#names;
    const keys: string[] = [];
    for (const i of numbers) {
      keys.push(values.keys.head(labs[i]!));
      for (const name of names) keys.push(name.keyOf(labs[i]!));
    }
    const read = await values.of(keys);
    const missing: string[] = [];
    const missingPages = new Map<string, string>();
    let at = 0;
    for (const i of numbers) {
      const lab = labs[i]!;
      const value = read[at];
      const from = at + 1;
      at = from + names.length;
      if (!value) {
        missing.push(lab);
        continue;
      }
      try {
        const head = parseHead(value);
        const held = bucketOfBase(value, head, durationS, startS, this.#keeps);
        if (held === ON_PAGE) for (let j = from; j < at; j++) if (!read[j]) missingPages.set(keys[j]!, lab);
        const older = held === ON_PAGE ? this.#onPages(keys, read, from) : held;
        const toMs = (startS + durationS) * 1000;
        const aggregate = addTail(older, value, head.baseBytes, startS * 1000, toMs, this.#keeps);
        if (aggregate !== undefined) found[i] = { lab, startS, aggregate };
      } catch (error) {
        values.unreadable(error, lab, value, nowMs);
      }
    }
    await values.reportWrongHeads(missing);
    const wrong = new Set(await values.reportWrong(missingPages));
    if (wrong.size > 0) for (const i of numbers) if (wrong.has(labs[i]!)) found[i] = undefined;
  }

  /** @param from the number of the first page's key */
  #onPages(keys: readonly string[], read: readonly (Buffer | null)[], from: number): Aggregate | undefined {
    const { durationS } = this.resolution;
    const isRaw = this.pages.followsFromRows(this.resolution);
    let aggregate: Aggregate | undefined;
    for (const [j, page] of this.#names.entries()) {
      const value = read[from + j];
      if (!value) continue;
      const one = readingPage(keys[from + j]!, value, (bytes) =>
        isRaw
          ? bucketOfRawPage(bytes, page.startS * 1000, durationS, this.startS, this.#keeps)
          : aggregateOfSlot(bytes, (this.startS - page.startS) / durationS, this.startS, this.#keeps),
      );
      if (one === undefined) continue;
      if (aggregate === undefined) aggregate = one;
      else mergeAggregate(aggregate, one);
    }
    return aggregate;
  }
}

const NO_BYTES = Buffer.alloc(0);
const NOBODY: ReadonlySet<string> = new Set();
