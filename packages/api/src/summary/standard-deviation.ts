import type { MetricAggregate } from '@humtemp/bucket-core';

/**
 * Population standard deviation of a metric that has values, in its unit. With n values v, D = Σ(v − reference) =
 * sum − n·reference and Q = Σ(v − reference)², in thousandths:
 *
 *     σ = √(n·Q − D²) / n
 *
 * The radicand is computed in integers of any length, so nothing cancels: equal values give 0, and otherwise the only
 * errors are the roundings of the radicand, the root and the quotient, together below 3 × 10⁻¹⁶ of σ. That holds while
 * Q is exact, that is below 2⁵³; see SQUARES_REFERENCE.
 */
export function standardDeviation(metric: MetricAggregate, reference: number): number {
  const n = BigInt(metric.count);
  const deviation = BigInt(metric.sum) - n * BigInt(reference);
  const radicand = n * BigInt(metric.sumSquares) - deviation * deviation;
  // Only a Q that is no longer exact can be too small.
  return radicand <= 0n ? 0 : Math.sqrt(Number(radicand)) / (metric.count * 1000);
}
