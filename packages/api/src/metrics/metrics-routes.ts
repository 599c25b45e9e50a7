import type { Hono } from 'hono';
import { Registry } from 'prom-client';
import type { Scope } from '../access/scope.js';
import { readStore } from '../store-read.js';
import { type HumtempMetricsSources, humtempMetrics } from './humtemp-metrics.js';
import { labMetrics, labRows } from './lab-metrics.js';
import { type LabReadingsOptions, readLabs } from './lab-readings.js';
import { processMetrics } from './process-metrics.js';

export interface MetricsOptions extends Omit<LabReadingsOptions, 'labsMax'>, HumtempMetricsSources {
  /** Labs that /metrics/labs shows. */
  readonly metricsLabsMax?: number;
  /** After how long an answer no longer waits for the store. */
  readonly storeTimeoutMs: number;
}

/**
 * `GET /metrics`: this process, in the text format of Prometheus. `GET /metrics/labs`: the labs of the request's scope,
 * likewise. `GET /metrics/labs.json`: the same as rows.
 */
export function metricsRoutes(app: Hono, options: MetricsOptions): void {
  const { storeTimeoutMs, metricsLabsMax: labsMax = 1000 } = options;
  const registry = new Registry();
  humtempMetrics(registry, options);
  processMetrics(registry);
  const headers = { 'content-type': registry.contentType };
  const readings = ({ allows }: Scope) =>
    readStore(storeTimeoutMs, () => readLabs({ ...options, labsMax }, allows));

  app.get('/metrics', async (c) => c.body(await registry.metrics(), 200, headers));
  app.get('/metrics/labs', async (c) =>
    c.body(await labMetrics(await readings(c.get('scope'))), 200, headers),
  );
  app.get('/metrics/labs.json', async (c) => c.json(labRows(await readings(c.get('scope')))));
}
