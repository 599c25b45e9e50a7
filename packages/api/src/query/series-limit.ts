import { ProblemError } from '../http/problem.js';

/** Buckets of one series. */
const BUCKETS_MAX = 3000;

/** @throws ProblemError with status 400 where a series would have too many buckets. */
export function checkCount(buckets: number): void {
  if (buckets <= BUCKETS_MAX) return;
  const detail = `the range has ${buckets} buckets of this resolution, more than ${BUCKETS_MAX}: ask for a shorter one, or a coarser resolution`;
  throw new ProblemError({ status: 400, detail });
}
