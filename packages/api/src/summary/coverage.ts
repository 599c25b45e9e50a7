import type { Aggregate } from '@humtemp/bucket-core';

/**
 * How much of what was to be expected of a lab has come, 0 to 1: of each metric, and of either of them. `null` while
 * nothing of the interval is over.
 */
export interface Coverage {
  readonly any: number | null;
  readonly temp: number | null;
  readonly humidity: number | null;
}

/**
 * Counts against the whole expected intervals that fit into the part of [startMs, endMs) that is over, at least one. More
 * than expected, from a second sensor say, is 1.
 */
export function coverage(
  count: number,
  startMs: number,
  endMs: number,
  nowMs: number,
  expectedIntervalS: number,
): number | null {
  const overMs = Math.min(endMs, nowMs) - startMs;
  if (overMs <= 0) return null;
  const expected = Math.max(1, Math.floor(overMs / (expectedIntervalS * 1000)));
  return Math.min(1, count / expected);
}

/** The coverage of one bucket. Two metrics in publishes of their own are not twice as much of either. */
export function bucketCoverage(
  { temp, humidity }: Aggregate,
  startMs: number,
  endMs: number,
  nowMs: number,
  expectedIntervalS: number,
): Coverage {
  const of = (count: number) => coverage(count, startMs, endMs, nowMs, expectedIntervalS);
  const [ofTemp, ofHumidity] = [of(temp.count), of(humidity.count)];
  return { temp: ofTemp, humidity: ofHumidity, any: larger(ofTemp, ofHumidity) };
}

/**
 * Expected intervals with a value, of a lab over several buckets. What a bucket has more than expected does not make up
 * for what another lacks.
 */
export class CoveredIntervals {
  #temp = 0;
  #humidity = 0;

  constructor(
    readonly nowMs: number,
    readonly expectedIntervalS: number,
  ) {}

  add({ temp, humidity }: Aggregate, startS: number, durationS: number): void {
    const overS = Math.min(durationS, this.nowMs / 1000 - startS);
    const most = Math.max(1, Math.ceil(overS / this.expectedIntervalS));
    this.#temp += Math.min(most, temp.count);
    this.#humidity += Math.min(most, humidity.count);
  }

  /** The coverage of [startS, endS), to which all the buckets belong. */
  of(startS: number, endS: number): Coverage {
    const of = (count: number) =>
      coverage(count, startS * 1000, endS * 1000, this.nowMs, this.expectedIntervalS);
    const [temp, humidity] = [of(this.#temp), of(this.#humidity)];
    return { temp, humidity, any: larger(temp, humidity) };
  }
}

function larger(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.max(a, b);
}
