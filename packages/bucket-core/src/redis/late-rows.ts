import { RECEIPT_TAG_MIN } from '../observation/tag.js';
import { ROW_LENGTH } from '../store/batch.js';
import type { Part } from './commit-call.js';
import type { Keys } from './keys.js';
import type { Head } from './pages/head.js';
import type { PageGrid } from './pages/page-grid.js';
import { readRawPage, type SumsBlock } from './pages/raw-page.js';
import { Rows } from './pages/rows.js';
import { UnreadableValue } from './pages/unreadable-value.js';
import type { ScriptedRedis } from './scripts.js';
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
    readonly redis: ScriptedRedis,
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
      (await this.redis.mgetBuffer(some)).forEach((value, j) => {
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
    let known = new Set<string>();
    let sums: readonly SumsBlock[] = [];
    part.suspended = 0;
    for (let i = 0; i < rows.length; i += ROW_LENGTH) {
      const [ms, tag, temp, humidity] = [rows[i]!, rows[i + 1]!, rows[i + 2]!, rows[i + 3]!];
      if (ms <= watermarkMs) {
        if (this.pages.rawPage(ms) !== page) {
          page = this.pages.rawPage(ms);
          const toMs = Math.min(rows.at(-ROW_LENGTH)!, watermarkMs) + 1;
          const key = this.keys.rawPage(state.lab, page);
          ({ known, sums } = await this.#knownOf(key, values.get(key), page, ms, toMs, state.lab));
        }
        const isKnown = known.has(nameOf(ms, tag, temp, humidity));
        // A page that is packed anew has one tag for all observations without a timestamp.
        const isKnownReceipt =
          tag > RECEIPT_TAG_MIN && known.has(nameOf(ms, RECEIPT_TAG_MIN, temp, humidity));
        if (isKnown || isKnownReceipt) {
          part.dropped.push(ms, tag, temp, humidity);
          continue;
        }
        if (sums.some(({ firstMs, lastMs }) => firstMs <= ms && ms <= lastMs)) part.suspended += 1;
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
  ): Promise<{ known: Set<string>; sums: readonly SumsBlock[] }> {
    const known = new Set<string>();
    if (value === undefined) return { known, sums: [] };
    const rows = this.#rows;
    rows.clear();
    try {
      const sums = readRawPage(value, this.pages.rawStartMs(page), fromMs, toMs, rows);
      for (let i = 0; i < rows.count; i++)
        known.add(nameOf(rows.ms[i]!, rows.tag[i]!, rows.temp[i]!, rows.humidity[i]!));
      return { known, sums };
    } catch (error) {
      if (!(error instanceof UnreadableValue)) throw error;
      await this.setAside.value(key, value, error.message, lab);
      return { known, sums: [] };
    }
  }
}

function nameOf(ms: number, tag: number, temp: number, humidity: number): string {
  return `${ms} ${tag} ${temp} ${humidity}`;
}
