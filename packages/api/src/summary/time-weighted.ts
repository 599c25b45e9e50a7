import type { LabBucket } from '@humtemp/bucket-core';
import type { MetricName } from './distribution.js';

/** The average over time of a value that holds until the next one, in thousandths. */
export interface TimeWeighted {
  readonly avg: number;
  /** The exact one is no further from it than this. */
  readonly error: number;
  /** Share of the range, 0 to 1, in which some value held. */
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
 * and at most as wrong as its smallest and largest values are from the mean.
 */
export function timeWeighted(
  buckets: readonly LabBucket[],
  name: MetricName,
  { startMs, endMs, durationS, holdMs }: TimeWeightedOptions,
): TimeWeighted | null {
  const sum = { weightMs: 0, value: 0, error: 0 };
  const add = (fromMs: number, toMs: number, value: number, error: number) => {
    const ms = Math.min(toMs, endMs) - Math.max(fromMs, startMs);
    if (ms <= 0) return;
    sum.weightMs += ms;
    sum.value += value * ms;
    sum.error += error * ms;
  };
  const hold = (held: Held | undefined, untilMs: number) => {
    if (held === undefined) return;
    add(held.fromMs, Math.min(untilMs, held.fromMs + Math.max(holdMs, durationS * 1000)), held.value, 0);
  };
  let held: Held | undefined;
  for (const { aggregate } of buckets) {
    const { count, sum: total, min, max, last, lastMs } = aggregate[name];
    if (count === 0) continue;
    // The first of the metric, if each observation has it; else that may have been later.
    const firstMs = Math.min(aggregate.firstMs, lastMs);
    const isFirst = count === aggregate.observations;
    hold(held, firstMs);
    const mean = count === 1 ? last : (total - last) / (count - 1);
    const before = isFirst || held === undefined ? mean : held.value;
    const [lowest, highest] = [Math.min(min, before), Math.max(max, before)];
    add(firstMs, lastMs, mean, Math.max(mean - lowest, highest - mean));
    held = { value: last, fromMs: lastMs };
  }
  hold(held, endMs);
  if (sum.weightMs === 0) return null;
  return {
    avg: sum.value / sum.weightMs,
    error: sum.error / sum.weightMs,
    covered: Math.min(1, sum.weightMs / (endMs - startMs)),
  };
}
