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
/** Expiries are written as u32: the year 2106. What is kept for longer is kept until then. */
const EXPIRY_S_MAX = 2 ** 32 - 1;

/**
 * Which page holds what, and until when. Raw rows are kept for deduplication; a resolution whose buckets live no longer
 * than that follows from them and needs no pages of its own.
 */
export class PageGrid {
  readonly longest: Resolution;
  /** From the start of a longest-lived bucket until nothing that was observed in it is kept in any resolution. */
  readonly #lifeS: number;

  constructor(
    readonly grid: BucketGrid,
    /** 0: no rows are kept, and everything has aggregate pages. */
    readonly horizonS: number,
    /** Smaller only in tests. */
    readonly rawSpanS = RAW_SPAN_S,
  ) {
    this.longest = longestLivedResolution(grid);
    const { durationS } = this.longest;
    // Where others are kept about as long, a shorter bucket that starts later outlives the longest-lived one.
    this.#lifeS = Math.max(
      ...grid.resolutions.map((one) => durationS - greatestDivisor(durationS, one.durationS) + reachS(one)),
    );
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
    return Math.min(remembered, reachable, EXPIRY_S_MAX);
  }

  aggregateSpanS({ durationS }: Resolution): number {
    return durationS * PAGE_BUCKETS;
  }

  aggregateStartS(resolution: Resolution, bucketS: number): number {
    return bucketStartS(bucketS * 1000, this.aggregateSpanS(resolution), this.grid.alignmentS);
  }

  aggregateExpiryS(resolution: Resolution, pageStartS: number): number {
    const lastS = pageStartS + this.aggregateSpanS(resolution) - resolution.durationS;
    return Math.min(bucketExpiryS(lastS, resolution), EXPIRY_S_MAX);
  }

  /** Start of the longest-lived bucket that holds a time. */
  longestStartS(ms: number): number {
    return bucketStartS(ms, this.longest.durationS, this.grid.alignmentS);
  }

  /** When a lab may go, Unix seconds, whose newest observation is in the longest-lived bucket of this start. */
  labExpiryS(longestStartS: number): number {
    return Math.min(longestStartS + this.#lifeS, EXPIRY_S_MAX);
  }

  /** Start of the oldest longest-lived bucket in which the newest observation of a lab that is kept may be. */
  oldestKeptS(nowMs: number): number {
    return this.longestStartS(nowMs - this.#lifeS * 1000) + this.longest.durationS;
  }
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
