import { bucketStartAtOffsetS, primaryResolution } from '@humtemp/bucket-core';
import type { RouteOptions } from '../api-options.js';
import { latestValues } from '../labs/lab-status.js';
import { aggregatesByLab } from '../summary/aggregates-by-lab.js';
import { intervalSummary } from '../summary/interval-summary.js';
import type { MetricSummary } from '../summary/metric-summary.js';
import type { LiveLab } from './stream-event.js';

/**
 * What a stream tells of labs: the latest observation and the current bucket. Nothing that changes with time alone, or a
 * lab that only had duplicates would seem to have changed.
 */
export function liveSummaries(
  options: RouteOptions,
): (labs: readonly string[]) => Promise<(LiveLab | undefined)[]> {
  const { store, grid, clock, expectedIntervalS } = options;
  const resolution = primaryResolution(grid);
  return async (labs) => {
    const nowMs = clock();
    const startS = bucketStartAtOffsetS(nowMs, 0, resolution, grid.alignmentS);
    const endS = startS + resolution.durationS;
    const newest = await store.latest(labs, nowMs);
    const current = await aggregatesByLab(store.buckets(labs, resolution, startS, nowMs));
    return newest.map((bucket) => {
      if (bucket === undefined) return undefined;
      const { lab_id, latest } = latestValues(bucket);
      const aggregate = current.get(lab_id);
      if (aggregate === undefined) return { lab_id, latest, current: null };
      const basis = { nowMs, expectedIntervalS, limits: {} };
      const { coverage: _, temp, humidity, ...summary } = intervalSummary(aggregate, startS, endS, basis);
      return { lab_id, latest, current: { ...summary, temp: lasting(temp), humidity: lasting(humidity) } };
    });
  };
}

/** Without what changes with time alone. */
function lasting(metric: MetricSummary | null): Omit<MetricSummary, 'coverage'> | null {
  if (metric === null) return null;
  const { coverage: _, ...rest } = metric;
  return rest;
}
