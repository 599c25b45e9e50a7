import type { Schemas } from '../api/client.js';

export type Bucket = Schemas['IntervalSummary'];
export type MetricName = 'temp' | 'humidity';
export const METRICS: readonly MetricName[] = ['temp', 'humidity'];

export interface KeptResolution {
  readonly resolution: string;
  readonly duration_s: number;
  readonly kept_s: number;
}

/**
 * The resolution to draw a span with: the finest that is kept for long enough and gives at most so many buckets; else the
 * one that is kept the longest.
 */
export function resolutionFor<R extends KeptResolution>(
  resolutions: readonly R[],
  fromMs: number,
  toMs: number,
  nowMs: number,
  bucketsMax: number,
): R {
  const spanS = (toMs - fromMs) / 1000;
  const ageS = (nowMs - fromMs) / 1000;
  const finestFirst = [...resolutions].sort((a, b) => a.duration_s - b.duration_s);
  // The oldest bucket may be gone in part; who asks for "24 h" means what there is of them.
  const isKept = ({ kept_s, duration_s }: R) => kept_s + 2 * duration_s >= ageS;
  return (
    finestFirst.find((one) => isKept(one) && spanS / one.duration_s <= bucketsMax) ??
    finestFirst.findLast(isKept) ??
    finestFirst.reduce((longest, one) => (one.kept_s > longest.kept_s ? one : longest))
  );
}
