import {
  type BucketGrid,
  bucketExpiryS,
  bucketStartS,
  longestLivedResolution,
  type Resolution,
  reachS,
} from '../../grid/bucket-grid.js';
import { PAGE_BUCKETS } from './aggregate-page.js';

/** What a raw page spans, in seconds. At most 9 hours: differences of times in ms take 25 bits. */
const RAW_SPAN_S = 6 * 3600;

/**
 * Which page holds what, and until when. Raw rows are kept for deduplication; a resolution whose buckets live no longer
 * than that follows from them and needs no pages of its own.
 */
export class PageGrid {
  readonly longest: Resolution;

  constructor(
    readonly grid: BucketGrid,
    /** 0: no rows are kept, and everything has aggregate pages. */
    readonly horizonS: number,
    /** Smaller only in tests. */
    readonly rawSpanS = RAW_SPAN_S,
  ) {
    this.longest = longestLivedResolution(grid);
  }

  keepsRows(): boolean {
    return this.horizonS > 0;
  }

  followsFromRows(resolution: Resolution): boolean {
    return reachS(resolution) <= this.horizonS;
  }

  rawPage(ms: number): number {
    return Math.floor(ms / (this.rawSpanS * 1000));
  }

  rawStartMs(page: number): number {
    return page * this.rawSpanS * 1000;
  }

  /**
   * When a raw page may go, Unix seconds: a horizon after its end, or after the commit where that comes later, but never
   * after the last bucket that such an observation could still reach.
   */
  rawExpiryS(page: number, nowMs: number): number {
    const endS = (page + 1) * this.rawSpanS;
    const remembered = Math.max(endS, Math.ceil(nowMs / 1000)) + this.horizonS;
    const reachable = Math.max(
      ...this.grid.resolutions.map((resolution) =>
        bucketExpiryS(bucketStartS(endS * 1000 - 1, resolution.durationS, this.grid.alignmentS), resolution),
      ),
    );
    return Math.min(remembered, reachable);
  }

  aggregateSpanS({ durationS }: Resolution): number {
    return durationS * PAGE_BUCKETS;
  }

  aggregateStartS(resolution: Resolution, bucketS: number): number {
    return bucketStartS(bucketS * 1000, this.aggregateSpanS(resolution), this.grid.alignmentS);
  }

  aggregateExpiryS(resolution: Resolution, pageStartS: number): number {
    return bucketExpiryS(pageStartS + this.aggregateSpanS(resolution) - resolution.durationS, resolution);
  }

  /** Start of the longest-lived bucket that holds a time. */
  longestStartS(ms: number): number {
    return bucketStartS(ms, this.longest.durationS, this.grid.alignmentS);
  }

  /** Start of the oldest bucket that the longest-lived resolution still keeps. A lab lives as long as its newest. */
  oldestKeptS(nowMs: number): number {
    return this.longestStartS(nowMs - reachS(this.longest) * 1000) + this.longest.durationS;
  }
}
