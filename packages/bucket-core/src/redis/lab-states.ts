import { labPartition } from '../observation/lab-id.js';
import type { Keys } from './keys.js';

/** What this process remembers of a lab. Only a memory: forgetting it costs commands, never an observation. */
export interface LabState {
  readonly lab: string;
  readonly partition: number;
  readonly headKey: string;
  /** Start of the longest-lived bucket for which expiry and indexes were written; −∞: not known. */
  longestStartS: number;
  /** Bytes of the head at which it is folded next. */
  foldAtBytes: number;
  /** What is not newer was folded already, as far as is known: Unix milliseconds; −∞: not known. */
  watermarkMs: number;
  /** Where several processes fold the same lab, each lets turns pass. */
  backOff: number;
  skips: number;
  /** The raw page that this process has written to last. */
  writtenPage: number | undefined;
  /** Raw pages that take no more rows: what is folded into them becomes sums. */
  fullPages: ReadonlySet<number> | undefined;
  /** Keys of pages that have no room even for sums: the next fold writes them anew. */
  crowdedPages: ReadonlySet<string> | undefined;
}

/** Labs remembered at most, in two generations: those of the older one that nobody asks for are forgotten. */
const GENERATION_MAX = 250_000;

export class LabStates {
  #young = new Map<string, LabState>();
  #old = new Map<string, LabState>();

  constructor(readonly keys: Keys) {}

  of(lab: string): LabState {
    let state = this.#young.get(lab);
    if (state !== undefined) return state;
    state = this.#old.get(lab) ?? {
      lab,
      partition: labPartition(lab),
      headKey: this.keys.head(lab),
      longestStartS: Number.NEGATIVE_INFINITY,
      foldAtBytes: 0,
      watermarkMs: Number.NEGATIVE_INFINITY,
      backOff: 0,
      skips: 0,
      writtenPage: undefined,
      fullPages: undefined,
      crowdedPages: undefined,
    };
    if (this.#young.size >= GENERATION_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(lab, state);
    return state;
  }

  /** Forgets the labs of some partitions: their server may have come back without them, or be another. */
  forget(isForgotten: (partition: number) => boolean): void {
    for (const states of [this.#young, this.#old])
      for (const [lab, { partition }] of states) if (isForgotten(partition)) states.delete(lab);
  }

  /** Has the indexes of a partition written again. */
  forgetIndex(partition: number): void {
    for (const states of [this.#young, this.#old])
      for (const state of states.values())
        if (state.partition === partition) state.longestStartS = Number.NEGATIVE_INFINITY;
  }
}
