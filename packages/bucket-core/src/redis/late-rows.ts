import { RECEIPT_TAG_MIN } from '../observation/tag.js';
import { ROW_LENGTH } from '../store/batch.js';
import { valuesOf } from './asking.js';
import { LOOKED, type Part } from './commit-call.js';
import type { Keys } from './keys.js';
import { type Head, parseHead } from './pages/head.js';
import type { PageGrid } from './pages/page-grid.js';
import { readRawPage, type SumsBlock } from './pages/raw-page.js';
import { Rows } from './pages/rows.js';
import { UnreadableValue } from './pages/unreadable-value.js';
import type { Servers } from './servers.js';
import type { SetAside } from './set-aside.js';

/** A part with rows that are not newer than what was folded, and the head as it was then. */
export interface LatePart {
  readonly part: Part;
  readonly head: Head;
}

const PAGES_AT_ONCE = 400;
/** Rows that reach over more pages are not compared beforehand. */
const FORESEEN_PAGES_MAX = 4;

/**
 * Compares late rows with the raw pages they would be on. Pages change with the generation of the head only, so the result
 * holds for as long as that is the same: the script looks.
 */
export class LateRows {
  readonly #rows = new Rows();

  constructor(
    readonly servers: Servers,
    readonly keys: Keys,
    readonly pages: PageGrid,
    readonly setAside: SetAside,
  ) {}

  async compare(late: readonly LatePart[]): Promise<void> {
    const labs = new Map<string, string>();
    for (const { part, head } of late)
      for (let i = 0; i < part.rows.length && part.rows[i]! <= head.watermarkMs; i += ROW_LENGTH)
        labs.set(this.keys.rawPage(part.state.lab, this.pages.rawPage(part.rows[i]!)), part.state.lab);
    const values = await this.#pages(labs);
    for (const { part, head } of late) {
      part.state.watermarkMs = head.watermarkMs;
      await this.#comparePart(part, head.watermarkMs, values);
    }
  }

  /**
   * Compares rows that are likely to be late before they are sent at all, and marks their parts as looked at. A head is read
   * before its pages, or in the same moment: if its generation is still the same when the rows are accepted, so are the pages.
   */
  async foresee(parts: readonly Part[]): Promise<void> {
    if (!this.pages.keepsRows()) return;
    const likely: Part[] = [];
    const labs = new Map<string, string>();
    for (const part of parts) {
      const { rows, state } = part;
      if (!(rows[0]! <= state.watermarkMs)) continue;
      const first = this.pages.rawPage(rows[0]!);
      const last = this.pages.rawPage(rows.at(-ROW_LENGTH)!);
      if (last - first >= FORESEEN_PAGES_MAX) continue;
      likely.push(part);
      labs.set(state.headKey, '');
      for (let page = first; page <= last; page++) labs.set(this.keys.rawPage(state.lab, page), state.lab);
    }
    if (likely.length === 0) return;
    const values = await this.#pages(labs);
    for (const part of likely) {
      const head = headOf(values.get(part.state.headKey));
      // What is missing or unreadable is found when the part is sent.
      if (head === undefined || part.rows[0]! > head.watermarkMs) continue;
      part.flags |= LOOKED;
      part.generation = head.generation;
      part.state.watermarkMs = head.watermarkMs;
      await this.#comparePart(part, head.watermarkMs, values);
    }
  }

  async #pages(labs: ReadonlyMap<string, string>): Promise<Map<string, Buffer>> {
    const values = new Map<string, Buffer>();
    const keys = [...labs.keys()];
    const missing: string[] = [];
    for (let i = 0; i < keys.length; i += PAGES_AT_ONCE) {
      const some = keys.slice(i, i + PAGES_AT_ONCE);
      (await valuesOf(this.servers, 'commits', some)).forEach((value, j) => {
        // A head that is of another type is found when the part is sent.
        if (value === null) {
          if (labs.get(some[j]!) !== '') missing.push(some[j]!);
        } else values.set(some[j]!, value);
      });
    }
    await this.setAside.ofWrongType(missing, (key) => labs.get(key));
    return values;
  }

  async #comparePart(part: Part, watermarkMs: number, values: ReadonlyMap<string, Buffer>): Promise<void> {
    const { rows, state } = part;
    const kept: number[] = [];
    const dropped: number[] = [];
    let page: number | undefined;
    let known = NOTHING;
    part.suspended = 0;
    for (let i = 0; i < rows.length; i += ROW_LENGTH) {
      const [ms, tag, temp, humidity] = [rows[i]!, rows[i + 1]!, rows[i + 2]!, rows[i + 3]!];
      if (ms <= watermarkMs) {
        if (this.pages.rawPage(ms) !== page) {
          page = this.pages.rawPage(ms);
          const toMs = Math.min(rows.at(-ROW_LENGTH)!, watermarkMs) + 1;
          const key = this.keys.rawPage(state.lab, page);
          known = await this.#knownOf(key, values.get(key), page, ms, toMs, state.lab);
        }
        const isKnown = known.has(ms, tag, temp, humidity);
        // A page that is packed anew has one tag for all observations without a timestamp.
        if (isKnown || (tag > RECEIPT_TAG_MIN && known.has(ms, RECEIPT_TAG_MIN, temp, humidity))) {
          dropped.push(ms, tag, temp, humidity);
          continue;
        }
        if (known.isSummed(ms)) part.suspended += 1;
      }
      kept.push(ms, tag, temp, humidity);
    }
    part.rows = kept;
    for (const value of dropped) part.dropped.push(value);
  }

  async #knownOf(
    key: string,
    value: Buffer | undefined,
    page: number,
    fromMs: number,
    toMs: number,
    lab: string,
  ): Promise<KnownRows> {
    if (value === undefined) return NOTHING;
    this.#rows.clear();
    try {
      const sums = readRawPage(value, this.pages.rawStartMs(page), fromMs, toMs, this.#rows);
      return new KnownRows(this.#rows, sums);
    } catch (error) {
      if (!(error instanceof UnreadableValue)) throw error;
      await this.setAside.value(key, value, error.message, lab);
      return NOTHING;
    }
  }
}

function headOf(value: Buffer | undefined): Head | undefined {
  try {
    return value === undefined ? undefined : parseHead(value);
  } catch (error) {
    if (error instanceof UnreadableValue) return undefined;
    throw error;
  }
}

/** Rows looked through one by one; more of them are looked up. */
const FEW_ROWS = 8;

/** What a page has of an interval. */
class KnownRows {
  readonly #names: Set<string> | undefined;
  readonly #count: number;

  /** @param rows as long as they are what they are now */
  constructor(
    readonly rows: Rows,
    readonly sums: readonly SumsBlock[],
  ) {
    this.#count = rows.count;
    if (rows.count <= FEW_ROWS) return;
    this.#names = new Set();
    for (let i = 0; i < rows.count; i++)
      this.#names.add(nameOf(rows.ms[i]!, rows.tag[i]!, rows.temp[i]!, rows.humidity[i]!));
  }

  has(ms: number, tag: number, temp: number, humidity: number): boolean {
    if (this.#names !== undefined) return this.#names.has(nameOf(ms, tag, temp, humidity));
    const { rows } = this;
    for (let i = 0; i < this.#count; i++)
      if (rows.ms[i] === ms && rows.tag[i] === tag && rows.temp[i] === temp && rows.humidity[i] === humidity)
        return true;
    return false;
  }

  /** Whether its rows were too many to keep: nobody can tell then. */
  isSummed(ms: number): boolean {
    return this.sums.some(({ firstMs, lastMs }) => firstMs <= ms && ms <= lastMs);
  }
}

const NOTHING = new KnownRows(new Rows(), []);

function nameOf(ms: number, tag: number, temp: number, humidity: number): string {
  return `${ms} ${tag} ${temp} ${humidity}`;
}
