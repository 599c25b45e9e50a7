import type { LabBucket } from '@humtemp/bucket-core';
import type { MetricName } from './distribution.js';
import { WeightedMean } from './weighted-mean.js';

/** The average over time of a value that holds until the next one, in thousandths. */
export interface TimeWeighted {
  readonly avg: number;
  /** The exact one is no further from it than this. */
  readonly error: number;
  /** Share of the range, 0 to 1, in which some value held; of a metric that not every observation has, at most that. */
  readonly covered: number;
}

export interface TimeWeightedOptions {
  /** Half-open range, Unix milliseconds: whole buckets, up to now. */
  readonly startMs: number;
  readonly endMs: number;
  readonly durationS: number;
  /** For how long a value holds without another one, in milliseconds. At least a bucket. */
  readonly holdMs: number;
}

interface Held {
  readonly value: number;
  readonly fromMs: number;
}

/**
 * Averages a metric over time from the buckets of a fine resolution, oldest first; those before startMs say which value
 * held then.
 *
 *     bucket  |····first~~~~~~~~~last────────|────────|····first~~~…
 *              the value before    │  the last value holds, for at most holdMs
 *                                  └ between: the mean of its values but the last
 *
 * Before its first and behind its last value a bucket is exact. Between them it is exact for values at equal distances,
 * and at most as wrong as its smallest and largest values are from the mean. A bucket knows the first moment of its
 * observations, not of each metric: where some lack the metric, its first value may have come later, up to which the
 * value before held, or none any more.
 */
export function timeWeighted(
  buckets: readonly LabBucket[],
  name: MetricName,
  { startMs, endMs, durationS, holdMs }: TimeWeightedOptions,
): TimeWeighted | null {
  const mean = new WeightedMean(startMs, endMs);
  let held: Held | undefined;
  const heldUntil = () =>
    held === undefined ? Number.NEGATIVE_INFINITY : held.fromMs + Math.max(holdMs, durationS * 1000);
  const hold = (untilMs: number) => {
    if (held !== undefined) mean.add(held.fromMs, Math.min(untilMs, heldUntil()), held.value);
  };
  for (const { aggregate } of buckets) {
    const { count, sum, min, max, last, lastMs } = aggregate[name];
    if (count === 0) continue;
    // One value came when the last one came.
    const firstMs = count === 1 ? lastMs : Math.min(aggregate.firstMs, lastMs);
    hold(firstMs);
    if (count > 1) {
      const between = (sum - last) / (count - 1);
      if (count === aggregate.observations) mean.add(firstMs, lastMs, between, min, max);
      else {
        // As long as the value before may hold, it does, or one of these.
        const sureUntilMs = Math.min(lastMs, Math.max(firstMs, heldUntil()));
        const before = held?.value ?? between;
        mean.add(firstMs, sureUntilMs, between, Math.min(min, before), Math.max(max, before));
        mean.addIfAny(sureUntilMs, lastMs, between, min, max);
      }
    }
    held = { value: last, fromMs: lastMs };
  }
  hold(endMs);
  return mean.result();
}
