import type { SoakSample } from './soak.js';

const WINDOWS = 4;

export interface Flatness {
  /** Medians of the windows, first to last. */
  readonly medians: readonly number[];
  /** Last window to first. */
  readonly growth: number;
  readonly isFlat: boolean;
}

/**
 * Whether a figure stays where it is: what comes after `fromS` is divided into four windows, and the median of the
 * last is at most `growthMax` times that of the first.
 */
export function flatness(
  samples: readonly SoakSample[],
  fromS: number,
  figure: (sample: SoakSample) => number,
  growthMax = 1.1,
): Flatness {
  const figures = samples.filter(({ atS }) => atS > fromS).map(figure);
  const medians = Array.from({ length: WINDOWS }, (_, i) =>
    median(
      figures.slice(
        Math.floor((i * figures.length) / WINDOWS),
        Math.floor(((i + 1) * figures.length) / WINDOWS),
      ),
    ),
  );
  const growth = medians.at(-1)! / medians[0]!;
  return { medians, growth, isFlat: growth <= growthMax };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
