import { HISTOGRAM_BIN, type MetricAggregate } from '@humtemp/bucket-core';

/** Molar gas constant in kJ/(mol·K), exact by the SI since 2019. */
const GAS_KJ_PER_MOL_K = 0.00831446261815324;
/** 0 °C in kelvin. */
const ZERO_CELSIUS_K = 273.15;
/** The activation energy that pharmacopoeias take where none is known: ΔH/R is 10,000 K. */
export const ACTIVATION_KJ_PER_MOL = 83.144;

export interface MeanKineticTemperature {
  /** In °C. */
  readonly value: number;
  /** The exact one is no further from it than this, in °C. */
  readonly error: number;
}

/**
 * The mean kinetic temperature of a metric's values: the constant temperature at which a reaction with this activation
 * energy would get as far as it did at the values. By J. D. Haynes (1971), as in USP <1079.2>:
 *
 *     T = (ΔH/R) / −ln( (Σ exp(−ΔH/(R·Tᵢ))) / n )
 *
 * Every value counts as the middle of its bin of the histogram. It grows with each Tᵢ, so that the exact one lies between
 * those of the lower and the upper borders of the bins, which are a tenth of a degree apart at most. `null` without
 * observations, or where no histogram is kept.
 */
export function meanKineticTemperature(
  { count, min, max, histogram }: MetricAggregate,
  activationKJPerMol = ACTIVATION_KJ_PER_MOL,
): MeanKineticTemperature | null {
  if (count === 0 || histogram === undefined) return null;
  const width = HISTOGRAM_BIN.temp;
  /** With each value at so much of the width of its bin, but not beyond what was measured. */
  const at = (share: number) => {
    const kelvins = histogram.counts.map((_, i) => {
      const value = (histogram.firstBin + i + share) * width;
      return Math.min(max, Math.max(min, value)) / 1000 + ZERO_CELSIUS_K;
    });
    return kineticMean(kelvins, histogram.counts, count, activationKJPerMol) - ZERO_CELSIUS_K;
  };
  const [lower, value, upper] = [at(0), at(0.5), at(1)] as const;
  return { value, error: Math.max(value - lower, upper - value) };
}

/** Relative to the warmest, so that no exponential becomes 0. */
function kineticMean(
  kelvins: readonly number[],
  counts: readonly number[],
  count: number,
  activationKJPerMol: number,
): number {
  const slope = activationKJPerMol / GAS_KJ_PER_MOL_K;
  const warmest = Math.max(...kelvins.filter((_, i) => counts[i]! > 0));
  let sum = 0;
  for (const [i, kelvin] of kelvins.entries())
    if (counts[i]! > 0) sum += counts[i]! * Math.exp(slope * (1 / warmest - 1 / kelvin));
  return slope / (slope / warmest - Math.log(sum / count));
}
