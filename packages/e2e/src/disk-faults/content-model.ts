import {
  type Aggregate,
  addObservation,
  bucketExpiryS,
  bucketStartS,
  emptyAggregate,
  keepsHistograms,
  type Store,
} from '@humtemp/bucket-core';
import { FAULT_GRID, type PlannedRow } from './fault-plan.js';

/** What a store must hold: every observation that it was given, once. */
export class ContentModel {
  readonly #seen = new Set<string>();
  readonly #buckets = new Map<string, Aggregate>();

  get observations(): number {
    return this.#seen.size;
  }

  add(rows: readonly PlannedRow[]): void {
    for (const row of rows) {
      const key = row.join(' ');
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      const [lab, timestampMs, temp, humidity] = row;
      for (const { durationS } of FAULT_GRID.resolutions) {
        const startS = bucketStartS(timestampMs, durationS, FAULT_GRID.alignmentS);
        const name = `${durationS} ${startS} ${lab}`;
        let bucket = this.#buckets.get(name);
        if (bucket === undefined) {
          bucket = emptyAggregate(keepsHistograms(durationS));
          this.#buckets.set(name, bucket);
        }
        addObservation(bucket, timestampMs, temp, humidity);
      }
    }
  }

  /** Every bucket that has not expired, in one comparable form. */
  content(nowMs: number): Map<string, string> {
    const content = new Map<string, string>();
    for (const [name, aggregate] of this.#buckets) {
      const [durationS, startS] = name.split(' ').map(Number) as [number, number];
      const resolution = FAULT_GRID.resolutions.find((one) => one.durationS === durationS)!;
      if (bucketExpiryS(startS, resolution) * 1000 > nowMs) content.set(name, textOf(aggregate));
    }
    return content;
  }
}

/** The same of a store. @throws what its reads throw */
export async function contentOf(store: Store, nowMs: number): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  for (const resolution of FAULT_GRID.resolutions) {
    const { durationS, retention } = resolution;
    const newestS = bucketStartS(nowMs + 60_000, durationS, FAULT_GRID.alignmentS);
    for (let startS = newestS - durationS * retention; startS <= newestS; startS += durationS)
      for await (const page of store.buckets('all', resolution, startS, nowMs))
        for (const { lab, aggregate } of page) {
          const name = `${durationS} ${startS} ${lab}`;
          if (content.has(name)) throw new Error(`${name} is shown twice`);
          content.set(name, textOf(aggregate));
        }
  }
  return content;
}

/** The first difference between what is held and what must be; undefined: there is none. */
export function differenceOf(
  held: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, string>,
): string | undefined {
  for (const [name, text] of wanted)
    if (held.get(name) !== text) return `${name}: ${held.get(name) ?? 'missing'} instead of ${text}`;
  for (const [name, text] of held) if (!wanted.has(name)) return `${name}: ${text}, but nothing was sent`;
  return undefined;
}

/**
 * The same, where a batch was on its way whose labs may be there or not, each as a whole.
 * @param without what must be held before it @param withIt what must be held with it
 */
export function differenceWithin(
  held: ReadonlyMap<string, string>,
  without: ReadonlyMap<string, string>,
  withIt: ReadonlyMap<string, string>,
): string | undefined {
  const before = byLab(without);
  const after = byLab(withIt);
  const found = byLab(held);
  const none = new Map<string, string>();
  for (const lab of new Set([...before.keys(), ...after.keys(), ...found.keys()])) {
    const buckets = found.get(lab) ?? none;
    const difference = differenceOf(buckets, before.get(lab) ?? none);
    if (difference !== undefined && differenceOf(buckets, after.get(lab) ?? none) !== undefined)
      return difference;
  }
  return undefined;
}

function byLab(content: ReadonlyMap<string, string>): Map<string, Map<string, string>> {
  const labs = new Map<string, Map<string, string>>();
  for (const [name, text] of content) {
    const lab = name.slice(name.lastIndexOf(' ') + 1);
    const buckets = labs.get(lab) ?? new Map<string, string>();
    labs.set(lab, buckets.set(name, text));
  }
  return labs;
}

function textOf(aggregate: Aggregate): string {
  return JSON.stringify(aggregate, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? `${value}` : value,
  );
}
