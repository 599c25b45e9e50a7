import { type Aggregate, addObservation, emptyAggregate, mergeAggregate } from '../../aggregate/aggregate.js';
import { keepsHistograms } from '../../aggregate/histogram.js';
import { bucketExpiryS, bucketStartS, type Resolution, reachS } from '../../grid/bucket-grid.js';
import { ABSENT } from '../../observation/fixed-point.js';
import type { LabBucket } from '../../store/bucket-store.js';
import { eachAggregate } from '../pages/aggregate-page.js';
import { aggregateAt, bucketsOfBase, HEAD_BUCKETS, parseHead } from '../pages/head.js';
import type { PageGrid } from '../pages/page-grid.js';
import { bucketsOfSums, readRawPage } from '../pages/raw-page.js';
import { Rows } from '../pages/rows.js';
import { humidityAt, msAt, ROW_BYTES, tempAt } from '../pages/tail-row.js';
import { type LabValues, readingPage } from './lab-values.js';
import { type PageName, pagesWith } from './page-names.js';

/** Keys that are asked for with one command, of several labs: while Redis collects them, nobody else has its turn. */
const KEYS_MAX = 200;
/** Nothing that is kept is newer. */
const AHEAD_S_MAX = 86_400;

/** Used again for each page. */
const ROWS = new Rows();

/** What Redis has of a lab. */
interface Held {
  readonly head: Buffer | null;
  readonly pages: readonly (Buffer | null)[];
  isWrong: boolean;
}

/** Reads the buckets of labs within a time: head and pages of a lab with one command, which is one moment. */
export class SeriesReading {
  readonly #keeps: boolean;
  readonly #names: readonly PageName[];

  constructor(
    readonly values: LabValues,
    readonly pages: PageGrid,
    readonly resolution: Resolution,
    readonly fromS: number,
    readonly toS: number,
    readonly nowMs: number,
    readonly withHistograms: boolean,
  ) {
    const { durationS } = resolution;
    this.#keeps = withHistograms && keepsHistograms(durationS);
    // Nothing that has expired need be asked for.
    const keptS = bucketStartS(nowMs - reachS(resolution) * 1000, durationS, pages.grid.alignmentS);
    const newestS = Math.min(toS, Math.ceil(nowMs / 1000) + AHEAD_S_MAX);
    this.#names = pagesWith(pages, values.keys, resolution, Math.max(fromS, keptS), newestS);
  }

  /**
   * Buckets of each of these labs with fromS ≤ start < toS, oldest first, in the order of the labs; undefined for a lab of
   * which something cannot be read. Keys of several labs are asked for with one command: each costs a call of the system.
   */
  async of(labs: readonly string[]): Promise<(LabBucket[] | undefined)[]> {
    const labsAtOnce = Math.max(1, Math.floor(KEYS_MAX / (1 + this.#names.length)));
    const parts: Promise<(LabBucket[] | undefined)[]>[] = [];
    for (let i = 0; i < labs.length; i += labsAtOnce) parts.push(this.#ofSome(labs.slice(i, i + labsAtOnce)));
    return (await Promise.all(parts)).flat();
  }

  async #ofSome(labs: readonly string[]): Promise<(LabBucket[] | undefined)[]> {
    const held = await this.#heldOf(labs);
    return labs.map((lab, i) => {
      const { head, pages, isWrong } = held[i]!;
      if (isWrong) return undefined;
      if (!head) return [];
      try {
        const found = this.#bucketsOf(lab, head, pages);
        return [...found]
          .sort(([a], [b]) => a - b)
          .map(([startS, aggregate]) => ({ lab, startS, aggregate }));
      } catch (error) {
        this.values.unreadable(error, lab, head, this.nowMs);
        return undefined;
      }
    });
  }

  /** What holds a value of another type is reported, and makes its lab wrong. */
  async #heldOf(labs: readonly string[]): Promise<readonly Held[]> {
    const { values } = this;
    const keysOf = labs.map((lab) => [values.keys.head(lab), ...this.#names.map((name) => name.keyOf(lab))]);
    const all = await values.of(keysOf.flat());
    const missing = new Map<string, string>();
    let at = 0;
    const held = keysOf.map((keys, i): Held => {
      const [head, ...pages] = all.slice(at, at + keys.length);
      at += keys.length;
      if (!head) missing.set(keys[0]!, labs[i]!);
      else for (const [j, page] of pages.entries()) if (!page) missing.set(keys[j + 1]!, labs[i]!);
      return { head: head ?? null, pages, isWrong: false };
    });
    for (const lab of await values.reportWrong(missing)) held[labs.indexOf(lab)]!.isWrong = true;
    return held;
  }

  #isWanted(startS: number): boolean {
    const { fromS, toS, nowMs, resolution } = this;
    return startS >= fromS && startS < toS && bucketExpiryS(startS, resolution) * 1000 > nowMs;
  }

  /** @throws UnreadableValue */
  #bucketsOf(lab: string, value: Buffer, pages: readonly (Buffer | null)[]): Map<number, Aggregate> {
    const { resolution, withHistograms } = this;
    const { durationS } = resolution;
    const { alignmentS } = this.pages.grid;
    const found = new Map<number, Aggregate>();
    const head = parseHead(value);
    const held = bucketsOfBase(value, head).get(durationS) ?? [];
    // Only what is older than the head's buckets is on pages.
    const olderS = held.length === HEAD_BUCKETS ? held[0]!.startS : Number.NEGATIVE_INFINITY;
    for (const { startS, at } of held)
      if (this.#isWanted(startS) && (startS - alignmentS) % durationS === 0)
        found.set(startS, aggregateAt(value, at, startS, withHistograms));
    const of = (startS: number) => {
      let aggregate = found.get(startS);
      if (aggregate === undefined) {
        aggregate = emptyAggregate(this.#keeps);
        found.set(startS, aggregate);
      }
      return aggregate;
    };
    const merge = (startS: number, aggregate: Aggregate) => mergeAggregate(of(startS), aggregate);
    const isOlder = (startS: number) => startS < olderS && this.#isWanted(startS);
    for (const [i, { startS: pageS, keyOf }] of this.#names.entries()) {
      const bytes = pages[i];
      if (!bytes) continue;
      readingPage(keyOf(lab), bytes, () => {
        if (this.pages.followsFromRows(resolution))
          this.#addRawPage(bytes, pageS, olderS, isOlder, of, merge);
        else eachAggregate(bytes, (slot) => pageS + slot * durationS, isOlder, merge, withHistograms);
      });
    }
    for (let at = head.baseBytes; at < value.length; at += ROW_BYTES) {
      const temp = tempAt(value, at);
      const humidity = humidityAt(value, at);
      if (temp === ABSENT && humidity === ABSENT) continue;
      const ms = msAt(value, at);
      const startS = bucketStartS(ms, durationS, alignmentS);
      if (this.#isWanted(startS)) addObservation(of(startS), ms, temp, humidity);
    }
    return found;
  }

  #addRawPage(
    bytes: Buffer,
    pageStartS: number,
    olderS: number,
    isOlder: (startS: number) => boolean,
    of: (startS: number) => Aggregate,
    merge: (startS: number, aggregate: Aggregate) => void,
  ): void {
    const { durationS } = this.resolution;
    ROWS.clear();
    const sums = readRawPage(bytes, pageStartS * 1000, Number.NEGATIVE_INFINITY, olderS * 1000, ROWS);
    let fromMs = 0;
    let toMs = 0;
    let aggregate: Aggregate | undefined;
    for (let i = 0; i < ROWS.count; i++) {
      const ms = ROWS.ms[i]!;
      if (ms < fromMs || ms >= toMs) {
        const startS = bucketStartS(ms, durationS, this.pages.grid.alignmentS);
        fromMs = startS * 1000;
        toMs = fromMs + durationS * 1000;
        aggregate = isOlder(startS) ? of(startS) : undefined;
      }
      if (aggregate !== undefined) addObservation(aggregate, ms, ROWS.temp[i]!, ROWS.humidity[i]!);
    }
    for (const sum of bucketsOfSums(bytes, sums, pageStartS * 1000, durationS))
      if (isOlder(sum.startS)) merge(sum.startS, sum.aggregate);
  }
}
