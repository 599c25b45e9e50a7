import { Type } from '@sinclair/typebox';
import type { Scope } from '../access/scope.js';
import { within } from '../http/deadline.js';
import { type Route, route } from '../http/route.js';
import { readStore } from '../http/store-read.js';
import type { FleetMember } from '../ledger/fleet.js';
import { fleetMetrics } from './fleet-metrics.js';
import { LabRow, labMetrics, labRows } from './lab-metrics.js';
import { type LabReadingsOptions, readLabs } from './lab-readings.js';
import { type ProcessRegistryOptions, processRegistry } from './process-registry.js';

export interface MetricsOptions
  extends Omit<LabReadingsOptions, 'labsMax' | 'store'>,
    ProcessRegistryOptions {
  readonly store: ProcessRegistryOptions['store'] & LabReadingsOptions['store'];
  /** The ledgers of all processes that share the store. */
  readonly fleet: () => Promise<readonly FleetMember[]>;
  /** Labs that /metrics/labs shows. */
  readonly metricsLabsMax?: number;
  /** After how long an answer no longer waits for the store. */
  readonly storeTimeoutMs: number;
}

/** A scrape has about 10 s. Without an answer these are left out: they are not 0. */
const FLEET_MS_MAX = 2000;

const SHOWN = 'The first labs by their ids, up to HUMTEMP_METRICS_LABS_MAX.';

/**
 * `GET /metrics`: this process, in the text format of Prometheus. `GET /metrics/labs`: the labs of the request's scope,
 * likewise. `GET /metrics/labs.json`: the same as rows.
 */
export function metricsRoutes(options: MetricsOptions): readonly Route[] {
  const { storeTimeoutMs, metricsLabsMax: labsMax = 1000 } = options;
  const registry = processRegistry(options);
  const fleet = fleetMetrics(() => within(FLEET_MS_MAX, options.fleet()).catch(() => []));
  const headers = { 'content-type': registry.contentType };
  const readings = ({ allows }: Scope) =>
    readStore(storeTimeoutMs, () => readLabs({ ...options, labsMax }, allows));

  return [
    route(
      {
        method: 'get',
        path: '/metrics',
        id: 'getMetrics',
        tag: 'operations',
        summary: 'This process, and the ledgers of all that share its store, for Prometheus',
        answers: { 'text/plain': Type.String() },
      },
      async (c) => c.body(`${await registry.text()}${await fleet()}`, 200, headers),
    ),
    route(
      {
        method: 'get',
        path: '/metrics/labs',
        id: 'getLabMetrics',
        tag: 'operations',
        summary: 'The current bucket and the latest values of labs, for Prometheus',
        description: SHOWN,
        answers: { 'text/plain': Type.String() },
        problems: [503],
      },
      async (c) => c.body(await labMetrics(await readings(c.get('scope'))), 200, headers),
    ),
    route(
      {
        method: 'get',
        path: '/metrics/labs.json',
        id: 'getLabMetricRows',
        tag: 'operations',
        summary: 'The same as flat rows, for Grafana’s Infinity data source',
        description: SHOWN,
        answers: { 'application/json': Type.Array(LabRow) },
        problems: [503],
      },
      async (c) => c.json(labRows(await readings(c.get('scope')))),
    ),
  ];
}
