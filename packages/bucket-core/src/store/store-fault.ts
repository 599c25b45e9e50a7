/**
 * A stored value that cannot be read: of another type, with bytes that no version wrote, or cut short. It concerns one
 * lab; all others go on.
 */
export interface StoreFault {
  /** The lab it belongs to; undefined where it belongs to none, as a list does. */
  readonly lab?: string;
  /** Where it is stored, as the store names it. */
  readonly key: string;
  readonly reason: string;
  /** When it was noticed, Unix milliseconds. */
  readonly atMs: number;
}

/** Faults kept for reading; all are counted and reported in any case. */
export const FAULTS_MAX = 100;
