import { Hono } from 'hono';
import { EVERYTHING } from '../access/scope.js';
import { failureHandler } from '../http/failure.js';
import { liveData } from '../http/live-data.js';
import { problemResponse } from '../http/problem.js';
import { registerRoute, route } from '../http/route.js';
import { type RunningServer, startServer } from '../http/server.js';
import { type ProcessRegistryOptions, processRegistry } from '../metrics/process-registry.js';
import { type HealthOptions, liveRoute, readyRoute } from './health-routes.js';

export interface HealthServerOptions extends HealthOptions {
  readonly host: string;
  /** 0: the system chooses a free one. */
  readonly port: number;
  readonly metrics: ProcessRegistryOptions;
}

/** Probes and Prometheus have one each; more only show that something is wrong. */
const CONNECTIONS_MAX = 100;

/**
 * Health and metrics of a process on a port of their own, in every role: `/livez`, `/readyz` and `/metrics`, without
 * a token. Nothing of any lab is there, and no client of the API can take its connections.
 * @throws the error of listening, with its `code`.
 */
export function startHealthServer(options: HealthServerOptions): Promise<RunningServer> {
  const { host, port, metrics, log } = options;
  const registry = processRegistry(metrics);
  const app = new Hono();
  app.use(liveData);
  app.use(async (c, next) => {
    c.set('scope', EVERYTHING);
    await next();
  });
  const metricsRoute = route(
    { method: 'get', path: '/metrics', id: 'getMetrics', summary: '', answers: {} },
    async (c) => c.body(await registry.text(), 200, { 'content-type': registry.contentType }),
  );
  for (const one of [liveRoute(options), readyRoute(options), metricsRoute]) registerRoute(app, one);
  app.notFound((c) =>
    problemResponse({ status: 404, detail: 'there are /livez, /readyz and /metrics' }, c.req.path),
  );
  app.onError(failureHandler(log));
  return startServer(app, { host, port, connectionsMax: CONNECTIONS_MAX, log });
}
