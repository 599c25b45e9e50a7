import type { Aggregate, MetricAggregate } from '@humtemp/bucket-core';

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
 * than expected is 1.
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

/**
 * Values of a metric in a bucket, and no more of them than expected intervals between the bucket's first observation and the
 * metric's last value: what several sensors said before they fell silent is not spread over the silence.
 */
function covering({ count, lastMs }: MetricAggregate, firstMs: number, expectedIntervalS: number): number {
  return count === 0 ? 0 : Math.min(count, Math.ceil((lastMs - firstMs) / (expectedIntervalS * 1000)) + 1);
}

/** The coverage of one bucket. Two metrics in publishes of their own are not twice as much of either. */
export function bucketCoverage(
  { firstMs, temp, humidity }: Aggregate,
  startMs: number,
  endMs: number,
  nowMs: number,
  expectedIntervalS: number,
): Coverage {
  const of = (metric: MetricAggregate) =>
    coverage(covering(metric, firstMs, expectedIntervalS), startMs, endMs, nowMs, expectedIntervalS);
  const [ofTemp, ofHumidity] = [of(temp), of(humidity)];
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

  add({ firstMs, temp, humidity }: Aggregate, startS: number, durationS: number): void {
    const overS = Math.min(durationS, this.nowMs / 1000 - startS);
    const most = Math.max(1, Math.ceil(overS / this.expectedIntervalS));
    this.#temp += Math.min(most, covering(temp, firstMs, this.expectedIntervalS));
    this.#humidity += Math.min(most, covering(humidity, firstMs, this.expectedIntervalS));
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
