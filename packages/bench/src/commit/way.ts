import type { Batch } from '@humtemp/bucket-core';
import type { Observations, Total } from './observations.js';

/** A way to commit batches, humtemp's or another, by the name that it has in the table. */
export interface Way {
  readonly name: string;
  /** Whether a batch that is committed twice counts once. */
  readonly deduplicates: boolean;
  open(options: WayOptions): Promise<OpenWay>;
}

export interface WayOptions {
  readonly redisUrl: string;
  /** In front of every key. */
  readonly prefix: string;
  readonly observations: Observations;
}

/** A way that is ready to commit. */
export interface OpenWay {
  commit(batch: Batch): Promise<void>;
  /** What it holds of a lab, in each of its resolutions. Undefined if it holds nothing at all, by design. */
  readonly totals?: (lab: string) => Promise<readonly Total[]>;
  /** Resolves when nothing is left to be done after commits; undefined if nothing ever is. */
  readonly settled?: () => Promise<void>;
  close(): Promise<void>;
}
