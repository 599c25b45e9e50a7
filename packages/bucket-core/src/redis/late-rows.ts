import { RECEIPT_TAG_MIN } from '../observation/tag.js';
import { ROW_LENGTH } from '../store/batch.js';
import { valuesOf } from './asking.js';
import type { Part } from './commit-call.js';
import type { Keys } from './keys.js';
import type { Head } from './pages/head.js';
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

const PAGES_AT_ONCE = 200;

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
    for (const { part, head } of late) await this.#comparePart(part, head.watermarkMs, values);
  }

  async #pages(labs: ReadonlyMap<string, string>): Promise<Map<string, Buffer>> {
    const values = new Map<string, Buffer>();
    const keys = [...labs.keys()];
    const missing: string[] = [];
    for (let i = 0; i < keys.length; i += PAGES_AT_ONCE) {
      const some = keys.slice(i, i + PAGES_AT_ONCE);
      (await valuesOf(this.servers, 'commits', some)).forEach((value, j) => {
        if (value === null) missing.push(some[j]!);
        else values.set(some[j]!, value);
      });
    }
    await this.setAside.ofWrongType(missing, (key) => labs.get(key));
    return values;
  }

  async #comparePart(part: Part, watermarkMs: number, values: ReadonlyMap<string, Buffer>): Promise<void> {
    const { rows, state } = part;
    const kept: number[] = [];
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
          part.dropped.push(ms, tag, temp, humidity);
          continue;
        }
        if (known.isSummed(ms)) part.suspended += 1;
      }
      kept.push(ms, tag, temp, humidity);
    }
    part.rows = kept;
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
