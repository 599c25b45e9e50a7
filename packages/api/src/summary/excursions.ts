import { type Aggregate, HISTOGRAM_BIN, shareWithin } from '@humtemp/bucket-core';
import type { Limits, MetricName } from './distribution.js';

/** A run of buckets beyond a limit, in thousandths. */
export interface Excursion {
  readonly metric: MetricName;
  readonly side: 'above' | 'below';
  readonly limit: number;
  /** Unix seconds, half-open: whole buckets. */
  readonly startS: number;
  readonly endS: number;
  /** The value furthest beyond the limit. */
  readonly peak: number;
  /** Values in the run. */
  readonly count: number;
  /** Share of them beyond the limit, as far as histograms tell; `null` without. */
  readonly share: number | null;
}

/** A bucket, or several merged: of a day of a time zone. */
export interface ExcursionSpan {
  readonly startS: number;
  readonly endS: number;
  readonly aggregate: Aggregate;
}

/**
 * The runs of buckets, oldest first, whose smallest or largest value is beyond a limit. A bucket within the limits ends a
 * run, and so does one without a value: nothing is known of it.
 */
export function excursionsOf(
  buckets: readonly ExcursionSpan[],
  metric: MetricName,
  { min, max }: Limits,
): Excursion[] {
  return [...runsOf(buckets, metric, 'above', max), ...runsOf(buckets, metric, 'below', min)].sort(
    (a, b) => a.startS - b.startS,
  );
}

function runsOf(
  buckets: readonly ExcursionSpan[],
  metric: MetricName,
  side: Excursion['side'],
  limit: number,
): Excursion[] {
  if (!Number.isFinite(limit)) return [];
  const runs: Excursion[] = [];
  let run: ExcursionSpan[] = [];
  const end = () => {
    if (run.length > 0) runs.push(excursionOf(run, metric, side, limit));
    run = [];
  };
  for (const bucket of buckets) {
    const { count, min, max } = bucket.aggregate[metric];
    const isBeyond = count > 0 && (side === 'above' ? max > limit : min < limit);
    const before = run.at(-1);
    if (!isBeyond || (before !== undefined && before.endS !== bucket.startS)) end();
    if (isBeyond) run.push(bucket);
  }
  end();
  return runs;
}

function excursionOf(
  run: readonly ExcursionSpan[],
  metric: MetricName,
  side: Excursion['side'],
  limit: number,
): Excursion {
  const metrics = run.map(({ aggregate }) => aggregate[metric]);
  const count = metrics.reduce((sum, of) => sum + of.count, 0);
  const beyond = metrics.map((of) => beyondOf(of, metric, side, limit));
  return {
    metric,
    side,
    limit,
    startS: run[0]!.startS,
    endS: run.at(-1)!.endS,
    peak:
      side === 'above'
        ? Math.max(...metrics.map(({ max }) => max))
        : Math.min(...metrics.map(({ min }) => min)),
    count,
    share: beyond.includes(undefined) ? null : beyond.reduce<number>((sum, of) => sum + of!, 0) / count,
  };
}

/** Values of a metric beyond a limit, of which at least one is. */
function beyondOf(
  of: Aggregate['temp'],
  metric: MetricName,
  side: Excursion['side'],
  limit: number,
): number | undefined {
  if (side === 'above' ? of.min > limit : of.max < limit) return of.count;
  const [from, to] =
    side === 'above' ? [limit + 1, Number.POSITIVE_INFINITY] : [Number.NEGATIVE_INFINITY, limit];
  const share = shareWithin(of, HISTOGRAM_BIN[metric], from, to);
  return share === undefined ? undefined : Math.max(1, share * of.count);
}
