import { Registry } from 'prom-client';
import { type HumtempMetricsSources, humtempMetrics, observationMetrics } from './humtemp-metrics.js';
import { processMetrics } from './process-metrics.js';
import { type SourceMetricsSources, sourceMetrics } from './source-metrics.js';
import { type WorkerState, workerMetrics } from './worker-metrics.js';

export interface ProcessMetricsSources extends HumtempMetricsSources, SourceMetricsSources {
  /**
   * Whether observations come to this process other than by an occasional POST. Where not, what it received is shown
   * once it did receive something: its 0 would be taken for that of the others.
   */
  readonly receives: boolean;
  /** How the worker at each external broker is. */
  readonly workers?: () => readonly WorkerState[];
}

export interface ProcessRegistry {
  readonly contentType: string;
  /** Every metric of this process, in the text format of Prometheus. */
  text(): Promise<string>;
}

/** What one process knows of itself. */
export function processRegistry(sources: ProcessMetricsSources): ProcessRegistry {
  const own = new Registry();
  const general = new Registry();
  observationMetrics(own, sources);
  sourceMetrics(own, sources);
  humtempMetrics(general, sources);
  if (sources.workers !== undefined) workerMetrics(general, sources.workers);
  processMetrics(general);
  return {
    contentType: general.contentType,
    async text() {
      const isShown = sources.receives || sources.ledger().received > 0;
      return `${isShown ? await own.metrics() : ''}${await general.metrics()}`;
    },
  };
}
