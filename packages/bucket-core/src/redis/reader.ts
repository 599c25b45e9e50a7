import { type Aggregate, addObservation, emptyAggregate, mergeAggregate } from '../aggregate/aggregate.js';
import { keepsHistograms } from '../aggregate/histogram.js';
import { bucketExpiryS, bucketStartS, type Resolution, reachS } from '../grid/bucket-grid.js';
import { ABSENT } from '../observation/fixed-point.js';
import type { LabBucket } from '../store/bucket-store.js';
import { valuesOf } from './asking.js';
import type { Faults } from './faults.js';
import type { Keys } from './keys.js';
import { aggregateOfSlot, eachAggregate } from './pages/aggregate-page.js';
import {
  aggregateAt,
  bucketOfBase,
  bucketsOfBase,
  HEAD_BUCKETS,
  newestMs,
  ON_PAGE,
  parseHead,
} from './pages/head.js';
import type { PageGrid } from './pages/page-grid.js';
import { bucketsOfSums, readRawPage } from './pages/raw-page.js';
import { Rows } from './pages/rows.js';
import { humidityAt, msAt, ROW_BYTES, tempAt } from './pages/tail-row.js';
import { addTail } from './pages/tail-sum.js';
import { UnreadableValue } from './pages/unreadable-value.js';
import type { Servers } from './servers.js';
import { OTHER_TYPE, wrongTyped } from './set-aside.js';

/** A page that has what is older of a bucket. */
interface Page {
  readonly key: string;
  readonly startS: number;
}

/** Keys that are asked for with one command, of several labs: while Redis collects them, nobody else has its turn. */
const SERIES_KEYS_MAX = 200;

/** An unreadable value that was met. */
export interface Unreadable {
  readonly lab: string;
  readonly key: string;
  readonly value: Buffer;
  readonly reason: string;
  readonly nowMs: number;
}

/** A page of a lab was unreadable. */
class UnreadablePage extends UnreadableValue {
  constructor(
    readonly key: string,
    readonly value: Buffer,
    reason: string,
  ) {
    super(reason);
  }
}

/**
 * Reads buckets: from the head of a lab, and from pages what is older than the head's. Head and pages are asked for with one
 * command, which is one moment: a row is never seen twice or not at all. A lab with an unreadable value is left out.
 */
export class Reader {
  readonly #rows = new Rows();

  constructor(
    readonly servers: Servers,
    readonly keys: Keys,
    readonly pages: PageGrid,
    readonly faults: Faults,
    /** Called with what could not be read. */
    readonly onUnreadable: (unreadable: Unreadable) => void,
  ) {}

  /** One bucket of each of these labs that has it, in their order. */
  async buckets(
    labs: readonly string[],
    resolution: Resolution,
    startS: number,
    nowMs: number,
    withHistograms: boolean,
  ): Promise<LabBucket[]> {
    const { durationS } = resolution;
    const keeps = withHistograms && keepsHistograms(durationS);
    const currentS = bucketStartS(nowMs, durationS, this.pages.grid.alignmentS);
    // What is older than the one before the current is on pages as a rule.
    const isOld = startS < currentS - durationS;
    const found = new Map<string, Aggregate>();
    const onPages = isOld ? labs : await this.#fromHeads(labs, resolution, startS, nowMs, keeps, found);
    if (onPages.length > 0) await this.#fromPages(onPages, resolution, startS, nowMs, keeps, found);
    return labs.flatMap((lab) => {
      const aggregate = found.get(lab);
      return aggregate === undefined ? [] : [{ lab, startS, aggregate }];
    });
  }

  /** Adds what heads have to `found`. @returns the labs whose bucket is on a page. */
  async #fromHeads(
    labs: readonly string[],
    { durationS }: Resolution,
    startS: number,
    nowMs: number,
    keeps: boolean,
    found: Map<string, Aggregate>,
  ): Promise<string[]> {
    const heads = await this.#values(labs.map((lab) => this.keys.head(lab)));
    const onPages: string[] = [];
    const missing: string[] = [];
    const [fromMs, toMs] = [startS * 1000, (startS + durationS) * 1000];
    for (const [i, lab] of labs.entries()) {
      const value = heads[i];
      if (!value) {
        missing.push(lab);
        continue;
      }
      this.#reading(lab, value, nowMs, () => {
        const head = parseHead(value);
        const held = bucketOfBase(value, head, durationS, startS, keeps);
        if (held === ON_PAGE) {
          onPages.push(lab);
          return;
        }
        const aggregate = addTail(held, value, head.baseBytes, fromMs, toMs, keeps);
        if (aggregate !== undefined) found.set(lab, aggregate);
      });
    }
    await this.#reportWrongHeads(missing);
    return onPages;
  }

  async #fromPages(
    labs: readonly string[],
    resolution: Resolution,
    startS: number,
    nowMs: number,
    keeps: boolean,
    found: Map<string, Aggregate>,
  ): Promise<void> {
    const { durationS } = resolution;
    const pagesOf = labs.map((lab) => this.#pages(lab, resolution, startS, startS + durationS));
    const keys = labs.flatMap((lab, i) => [this.keys.head(lab), ...pagesOf[i]!.map(({ key }) => key)]);
    const values = await this.#values(keys);
    const missing: string[] = [];
    const missingPages = new Map<string, string>();
    let at = 0;
    for (const [i, lab] of labs.entries()) {
      const value = values[at++];
      const pages = pagesOf[i]!;
      const bytes = pages.map(() => values[at++] ?? undefined);
      if (!value) {
        missing.push(lab);
        continue;
      }
      this.#reading(lab, value, nowMs, () => {
        const head = parseHead(value);
        const held = bucketOfBase(value, head, durationS, startS, keeps);
        if (held === ON_PAGE)
          pages.forEach(({ key }, j) => {
            if (bytes[j] === undefined) missingPages.set(key, lab);
          });
        const older = held === ON_PAGE ? this.#bucketOfPages(resolution, pages, bytes, startS, keeps) : held;
        const toMs = (startS + durationS) * 1000;
        const aggregate = addTail(older, value, head.baseBytes, startS * 1000, toMs, keeps);
        if (aggregate !== undefined) found.set(lab, aggregate);
      });
    }
    await this.#reportWrongHeads(missing);
    for (const key of await wrongTyped(this.servers, 'reads', [...missingPages.keys()])) {
      const lab = missingPages.get(key)!;
      found.delete(lab);
      this.faults.report(key, OTHER_TYPE, lab);
    }
  }

  #bucketOfPages(
    resolution: Resolution,
    pages: readonly Page[],
    values: readonly (Buffer | undefined)[],
    startS: number,
    keeps: boolean,
  ): Aggregate | undefined {
    const { durationS } = resolution;
    let aggregate: Aggregate | undefined;
    const merge = (one: Aggregate | undefined) => {
      if (one === undefined) return;
      if (aggregate === undefined) aggregate = one;
      else mergeAggregate(aggregate, one);
    };
    pages.forEach((page, i) => {
      const bytes = values[i];
      if (bytes === undefined) return;
      readingPage(page.key, bytes, () => {
        if (!this.pages.followsFromRows(resolution)) {
          merge(aggregateOfSlot(bytes, (startS - page.startS) / durationS, startS, keeps));
          return;
        }
        const rows = this.#rows;
        rows.clear();
        const startMs = page.startS * 1000;
        const sums = readRawPage(bytes, startMs, startS * 1000, (startS + durationS) * 1000, rows);
        if (rows.count > 0) aggregate ??= emptyAggregate(keeps);
        for (let j = 0; j < rows.count; j++)
          addObservation(aggregate!, rows.ms[j]!, rows.temp[j]!, rows.humidity[j]!);
        for (const sum of bucketsOfSums(bytes, sums, startMs, durationS))
          if (sum.startS === startS) merge(sum.aggregate);
      });
    });
    return aggregate;
  }

  /**
   * Buckets of each of these labs with fromS ≤ start < toS, oldest first, in the order of the labs; undefined for a lab of
   * which something cannot be read. Keys of several labs are asked for with one command: each costs a call of the system.
   */
  async series(
    labs: readonly string[],
    resolution: Resolution,
    fromS: number,
    toS: number,
    nowMs: number,
    withHistograms: boolean,
  ): Promise<(LabBucket[] | undefined)[]> {
    const { durationS } = resolution;
    const { alignmentS } = this.pages.grid;
    // Nothing that has expired need be asked for.
    const keptS = bucketStartS(nowMs - reachS(resolution) * 1000, durationS, alignmentS);
    const [oldestS, newestS] = [Math.max(fromS, keptS), Math.min(toS, this.#aheadS(nowMs))];
    const isWanted = (startS: number) =>
      startS >= fromS && startS < toS && bucketExpiryS(startS, resolution) * 1000 > nowMs;
    const readSome = async (some: readonly string[]) => {
      const pagesOf = some.map((lab) => this.#pages(lab, resolution, oldestS, newestS));
      const values = await this.#valuesOf(some, pagesOf);
      return some.map((lab, i) => {
        const { head, pages, isWrong } = values[i]!;
        if (isWrong) return undefined;
        if (!head) return [];
        const found = new Map<number, Aggregate>();
        const isRead = this.#reading(lab, head, nowMs, () =>
          this.#addSeries(head, resolution, pagesOf[i]!, pages, isWanted, withHistograms, found),
        );
        if (!isRead) return undefined;
        return [...found]
          .sort(([a], [b]) => a - b)
          .map(([startS, aggregate]) => ({ lab, startS, aggregate }));
      });
    };
    const keysOfLab = 1 + this.#pages('', resolution, oldestS, newestS).length;
    const labsAtOnce = Math.max(1, Math.floor(SERIES_KEYS_MAX / keysOfLab));
    const parts: Promise<(LabBucket[] | undefined)[]>[] = [];
    for (let i = 0; i < labs.length; i += labsAtOnce) parts.push(readSome(labs.slice(i, i + labsAtOnce)));
    return (await Promise.all(parts)).flat();
  }

  /** Heads and pages of labs. What holds a value of another type is reported, and makes its lab wrong. */
  async #valuesOf(
    labs: readonly string[],
    pagesOf: readonly (readonly Page[])[],
  ): Promise<{ head: Buffer | null; pages: readonly (Buffer | null)[]; isWrong: boolean }[]> {
    const keysOf = labs.map((lab, i) => [this.keys.head(lab), ...pagesOf[i]!.map(({ key }) => key)]);
    const all = await this.#values(keysOf.flat());
    const missing = new Map<string, string>();
    let at = 0;
    const values = keysOf.map((keys, i) => {
      const [head, ...pages] = all.slice(at, at + keys.length);
      at += keys.length;
      if (!head) missing.set(keys[0]!, labs[i]!);
      else for (const [j, page] of pages.entries()) if (!page) missing.set(keys[j + 1]!, labs[i]!);
      return { head: head ?? null, pages, isWrong: false };
    });
    for (const key of await wrongTyped(this.servers, 'reads', [...missing.keys()])) {
      const lab = missing.get(key)!;
      values[labs.indexOf(lab)]!.isWrong = true;
      this.faults.report(key, OTHER_TYPE, lab);
    }
    return values;
  }

  #addSeries(
    value: Buffer,
    resolution: Resolution,
    pages: readonly Page[],
    values: readonly (Buffer | null)[],
    isWanted: (startS: number) => boolean,
    withHistograms: boolean,
    found: Map<number, Aggregate>,
  ): void {
    const { durationS } = resolution;
    const keeps = withHistograms && keepsHistograms(durationS);
    const { alignmentS } = this.pages.grid;
    const head = parseHead(value);
    const held = bucketsOfBase(value, head).get(durationS) ?? [];
    // Only what is older than the head's buckets is on pages.
    const olderS = held.length === HEAD_BUCKETS ? held[0]!.startS : Number.NEGATIVE_INFINITY;
    for (const { startS, at } of held)
      if (isWanted(startS) && isAligned(startS, durationS, alignmentS))
        found.set(startS, aggregateAt(value, at, startS, withHistograms));
    const of = (startS: number) => {
      let aggregate = found.get(startS);
      if (aggregate === undefined) {
        aggregate = emptyAggregate(keeps);
        found.set(startS, aggregate);
      }
      return aggregate;
    };
    const merge = (startS: number, aggregate: Aggregate) => mergeAggregate(of(startS), aggregate);
    const isOlder = (startS: number) => startS < olderS && isWanted(startS);
    pages.forEach((page, i) => {
      const bytes = values[i];
      if (!bytes) return;
      readingPage(page.key, bytes, () => {
        if (this.pages.followsFromRows(resolution))
          this.#addRawPage(bytes, page.startS, durationS, olderS, isOlder, of, merge);
        else eachAggregate(bytes, (slot) => page.startS + slot * durationS, isOlder, merge, withHistograms);
      });
    });
    for (let at = head.baseBytes; at < value.length; at += ROW_BYTES) {
      const temp = tempAt(value, at);
      const humidity = humidityAt(value, at);
      if (temp === ABSENT && humidity === ABSENT) continue;
      const ms = msAt(value, at);
      const startS = bucketStartS(ms, durationS, alignmentS);
      if (isWanted(startS)) addObservation(of(startS), ms, temp, humidity);
    }
  }

  #addRawPage(
    bytes: Buffer,
    pageStartS: number,
    durationS: number,
    olderS: number,
    isOlder: (startS: number) => boolean,
    of: (startS: number) => Aggregate,
    merge: (startS: number, aggregate: Aggregate) => void,
  ): void {
    const rows = this.#rows;
    rows.clear();
    const sums = readRawPage(bytes, pageStartS * 1000, Number.NEGATIVE_INFINITY, olderS * 1000, rows);
    let fromMs = 0;
    let toMs = 0;
    let aggregate: Aggregate | undefined;
    for (let i = 0; i < rows.count; i++) {
      const ms = rows.ms[i]!;
      if (ms < fromMs || ms >= toMs) {
        const startS = bucketStartS(ms, durationS, this.pages.grid.alignmentS);
        fromMs = startS * 1000;
        toMs = fromMs + durationS * 1000;
        aggregate = isOlder(startS) ? of(startS) : undefined;
      }
      if (aggregate !== undefined) addObservation(aggregate, ms, rows.temp[i]!, rows.humidity[i]!);
    }
    for (const sum of bucketsOfSums(bytes, sums, pageStartS * 1000, durationS))
      if (isOlder(sum.startS)) merge(sum.startS, sum.aggregate);
  }

  /** The newest bucket of each lab, in the longest-lived resolution that has one. */
  async latest(labs: readonly string[], nowMs: number): Promise<(LabBucket | undefined)[]> {
    if (labs.length === 0) return [];
    const { alignmentS, resolutions } = this.pages.grid;
    const longestFirst = [...resolutions].sort((a, b) => reachS(b) - reachS(a));
    const heads = await this.#values(labs.map((lab) => this.keys.head(lab)));
    const missing: string[] = [];
    const newest = labs.map((lab, i) => {
      const value = heads[i];
      if (!value) {
        missing.push(lab);
        return undefined;
      }
      let bucket: LabBucket | undefined;
      this.#reading(lab, value, nowMs, () => {
        for (const resolution of longestFirst) {
          const { durationS } = resolution;
          const startS = bucketStartS(newestMs(value), durationS, alignmentS);
          if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) continue;
          const aggregate = newestOf(value, durationS, startS);
          if (aggregate === undefined) continue;
          bucket = { lab, startS, aggregate };
          return;
        }
        bucket = newestOfOtherBorders(value, lab, longestFirst, nowMs);
      });
      return bucket;
    });
    await this.#reportWrongHeads(missing);
    return newest;
  }

  /** The pages that may have what is older of these buckets. */
  #pages(lab: string, resolution: Resolution, fromS: number, toS: number): Page[] {
    const { pages, keys } = this;
    const found: Page[] = [];
    if (pages.followsFromRows(resolution)) {
      for (let page = pages.rawPage(fromS * 1000); pages.rawStartMs(page) < toS * 1000; page++)
        found.push({ key: keys.rawPage(lab, page), startS: pages.rawStartMs(page) / 1000 });
      return found;
    }
    const spanS = pages.aggregateSpanS(resolution);
    for (let startS = pages.aggregateStartS(resolution, fromS); startS < toS; startS += spanS)
      found.push({ key: keys.aggregatePage(lab, resolution.durationS, startS), startS });
    return found;
  }

  /** Nothing that is kept is newer. */
  #aheadS(nowMs: number): number {
    return Math.ceil(nowMs / 1000) + 86_400;
  }

  /** Reads one lab. @returns false, and it is left out, if a value of it is unreadable. */
  #reading(lab: string, value: Buffer, nowMs: number, read: () => void): boolean {
    try {
      read();
      return true;
    } catch (error) {
      if (!(error instanceof UnreadableValue)) throw error;
      const isPage = error instanceof UnreadablePage;
      const key = isPage ? error.key : this.keys.head(lab);
      this.faults.report(key, error.message, lab);
      this.onUnreadable({ lab, key, value: isPage ? error.value : value, reason: error.message, nowMs });
      return false;
    }
  }

  #values(keys: readonly string[]): Promise<(Buffer | null)[]> {
    return valuesOf(this.servers, 'reads', keys);
  }

  /** MGET says nothing about keys of other types. */
  async #reportWrongHeads(labs: readonly string[]): Promise<void> {
    if (labs.length === 0) return;
    const byKey = new Map(labs.map((lab) => [this.keys.head(lab), lab]));
    for (const key of await wrongTyped(this.servers, 'reads', [...byKey.keys()]))
      this.faults.report(key, OTHER_TYPE, byKey.get(key));
  }
}

function readingPage(key: string, bytes: Buffer, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (error instanceof UnreadableValue) throw new UnreadablePage(key, bytes, error.message);
    throw error;
  }
}

function newestOf(value: Buffer, durationS: number, startS: number): Aggregate | undefined {
  const head = parseHead(value);
  const keeps = keepsHistograms(durationS);
  const held = bucketOfBase(value, head, durationS, startS, keeps);
  const toMs = (startS + durationS) * 1000;
  return addTail(held === ON_PAGE ? undefined : held, value, head.baseBytes, startS * 1000, toMs, keeps);
}

/** After a change of the configuration a head may only have buckets with other borders. */
function newestOfOtherBorders(
  value: Buffer,
  lab: string,
  resolutions: readonly Resolution[],
  nowMs: number,
): LabBucket | undefined {
  const groups = bucketsOfBase(value, parseHead(value));
  for (const resolution of resolutions) {
    const bucket = groups.get(resolution.durationS)?.at(-1);
    if (bucket === undefined || bucketExpiryS(bucket.startS, resolution) * 1000 <= nowMs) continue;
    const { startS, at } = bucket;
    return { lab, startS, aggregate: aggregateAt(value, at, startS, true) };
  }
  return undefined;
}

function isAligned(startS: number, durationS: number, alignmentS: number): boolean {
  return (startS - alignmentS) % durationS === 0;
}
