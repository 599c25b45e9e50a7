import type { Resolution } from '../../grid/bucket-grid.js';
import type { Keys } from '../keys.js';
import type { PageGrid } from '../pages/page-grid.js';

/** A page of every lab: what is older of some buckets may be on it. */
export interface PageName {
  readonly startS: number;
  keyOf(lab: string): string;
}

/** The pages that may have what is older of the buckets with fromS ≤ start < toS. */
export function pagesWith(
  pages: PageGrid,
  keys: Keys,
  resolution: Resolution,
  fromS: number,
  toS: number,
): PageName[] {
  const found: PageName[] = [];
  if (pages.followsFromRows(resolution)) {
    for (let page = pages.rawPage(fromS * 1000); pages.rawStartMs(page) < toS * 1000; page++)
      found.push({ startS: pages.rawStartMs(page) / 1000, keyOf: (lab) => keys.rawPage(lab, page) });
    return found;
  }
  const { durationS } = resolution;
  const spanS = pages.aggregateSpanS(resolution);
  for (let startS = pages.aggregateStartS(resolution, fromS); startS < toS; startS += spanS)
    found.push({ startS, keyOf: (lab) => keys.aggregatePage(lab, durationS, startS) });
  return found;
}
