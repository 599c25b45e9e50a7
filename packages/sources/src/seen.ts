/** 2026-11-28T16:00:00Z. */
export const NOW_MS = 1_795_881_600_000;

/** One observation as a test writes it: lab, temp, humidity, and sensor and time where they matter. */
export interface Seen {
  readonly lab: string;
  readonly temp?: number;
  readonly humidity?: number;
  readonly sensor?: string;
  /** Unix milliseconds; none: the time of receipt. */
  readonly at?: number;
}
