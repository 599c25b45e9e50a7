import { hasLimits, type LabLimits, type Limits } from './limits.js';
import { type Bucket, METRICS, type MetricName } from './series.js';

/** A run of buckets that have a value beyond the same limit. Times are Unix milliseconds. */
export interface Excursion {
  readonly metric: MetricName;
  readonly side: 'above' | 'below';
  readonly fromMs: number;
  readonly toMs: number;
  /** The value farthest beyond. */
  readonly peak: number;
  /** It reaches into a bucket that is not over. */
  readonly isOngoing: boolean;
}

/** The excursions in a series, oldest first. A bucket without a value ends one: nobody knows. */
export function excursionsOf(buckets: readonly Bucket[], limits: LabLimits): readonly Excursion[] {
  return METRICS.flatMap((metric) =>
    (['above', 'below'] as const).flatMap((side) => runs(buckets, metric, side, limits[metric])),
  ).sort((a, b) => a.fromMs - b.fromMs);
}

function runs(
  buckets: readonly Bucket[],
  metric: MetricName,
  side: Excursion['side'],
  limits: Limits,
): readonly Excursion[] {
  const limit = side === 'above' ? limits.max : limits.min;
  if (limit === undefined || !hasLimits(limits)) return [];
  const sign = side === 'above' ? 1 : -1;
  const found: Excursion[] = [];
  let run: Excursion | undefined;
  for (const bucket of buckets) {
    const values = bucket[metric];
    const extreme = side === 'above' ? values?.max : values?.min;
    if (extreme === undefined || (extreme - limit) * sign <= 0) {
      run = undefined;
      continue;
    }
    const toMs = Date.parse(bucket.end);
    const isOngoing = !bucket.complete;
    if (run === undefined) {
      run = { metric, side, fromMs: Date.parse(bucket.start), toMs, peak: extreme, isOngoing };
      found.push(run);
    } else {
      const peak = (extreme - run.peak) * sign > 0 ? extreme : run.peak;
      run = { ...run, toMs, peak, isOngoing };
      found[found.length - 1] = run;
    }
  }
  return found;
}
