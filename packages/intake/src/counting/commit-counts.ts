import { Distribution } from './distribution.js';

/** From a write to memory up to the time after which Redis is given up. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const OBSERVATIONS = [1, 10, 100, 1000, 10_000, 100_000];

/** Commits of a process since it began. */
export class CommitCounts {
  succeeded = 0;
  failed = 0;
  /** How long each took, those that failed included. */
  readonly seconds = new Distribution(SECONDS);
  /** How many observations each had: of those that succeeded. */
  readonly observations = new Distribution(OBSERVATIONS);
}
