import { SourceTable } from '@humtemp/intake';
import { Hono } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { accessGuard } from './access/access-guard.js';
import { isHealth } from './access/health-path.js';
import { pageGuard } from './access/page-guard.js';
import { sessionDoor } from './access/session-door.js';
import type { ApiOptions, RouteOptions } from './api-options.js';
import { dashboardPages } from './dashboard/dashboard-pages.js';
import { serviceRoute } from './dashboard/service-route.js';
import { simulateRoute, simulationRoute } from './dashboard/simulation-route.js';
import { liveRoute, readyRoute } from './health/health-routes.js';
import { Admission } from './http/admission.js';
import { BusyLimit } from './http/busy-limit.js';
import { crossOrigin } from './http/cross-origin.js';
import { failureHandler } from './http/failure.js';
import { incomplete, NO_FAULTS } from './http/incomplete.js';
import { liveData } from './http/live-data.js';
import { problemResponse } from './http/problem.js';
import { RequestCounts } from './http/request-counts.js';
import { requestLog } from './http/request-log.js';
import { type Route, registerRoute } from './http/route.js';
import { CLIENT_SHARE } from './http/shares.js';
import { strictUrl } from './http/strict-url.js';
import { wrongMethod } from './http/wrong-method.js';
import { readFleet } from './ledger/fleet.js';
import { ledgerRoute } from './ledger/ledger-route.js';
import { apiMeters } from './metrics/api-meters.js';
import { metricsRoutes } from './metrics/metrics-routes.js';
import { docsRoutes, isDocumentation } from './openapi/docs-routes.js';
import { openApiRoute } from './openapi/open-api-route.js';
import { excursionsRoute } from './rooms/excursions-route.js';
import { NO_DIRECTORY } from './rooms/lab-directory.js';
import { labSeriesRoute } from './rooms/lab-series-route.js';
import { labSummariesRoute } from './rooms/lab-summaries-route.js';
import { observationsRoute } from './rooms/observations-route.js';
import { bucketsRoute } from './routes/buckets-route.js';
import { faultsRoute } from './routes/faults-route.js';
import { labBucketsRoute } from './routes/lab-buckets-route.js';
import { labRoute } from './routes/lab-route.js';
import { labSummaryRoute } from './routes/lab-summary-route.js';
import { labsRoute } from './routes/labs-route.js';
import { observationRoute } from './routes/observation-route.js';
import { rejectionsRoute } from './routes/rejections-route.js';
import { sourcePublishRoute } from './routes/source-publish-route.js';
import { sourcesRoute } from './routes/sources-route.js';
import { summariesRoute } from './routes/summaries-route.js';
import { summaryRoute } from './routes/summary-route.js';
import { LateChanges } from './stream/late-changes.js';
import { liveSummaries } from './stream/live-summaries.js';
import { PolledChanges } from './stream/polled-changes.js';
import { streamRoute } from './stream/stream-route.js';

const ANSWERS_MAX = 16;
const HELD_BYTES_MAX = 64 * 1024 * 1024;
const HEAVY_ANSWERS_MAX = 32;
const STREAMS_MAX = 1000;
const METRICS_LABS_MAX = 1000;

/** The HTTP API. It listens nowhere yet: see `startServer`. Every answer that is not a success is a problem document. */
export function createApi(apiOptions: ApiOptions): Hono {
  const options: RouteOptions = {
    clock: Date.now,
    role: 'api',
    state: () => undefined,
    tokens: undefined,
    site: undefined,
    simulation: undefined,
    mqttListeners: () => [],
    mqttTopics: [],
    sources: new SourceTable([]),
    sourceReports: () => [],
    corsOrigins: [],
    publicHosts: [],
    stopping: new AbortController().signal,
    heavyAnswersMax: HEAVY_ANSWERS_MAX,
    answersMax: ANSWERS_MAX,
    heldBytesMax: HELD_BYTES_MAX,
    changes: new PolledChanges({ store: apiOptions.store, clock: apiOptions.clock ?? Date.now }),
    streamsMax: STREAMS_MAX,
    clientShare: CLIENT_SHARE,
    metricsLabsMax: METRICS_LABS_MAX,
    listedS: Number.POSITIVE_INFINITY,
    faults: NO_FAULTS,
    directories: { current: NO_DIRECTORY },
    receives: true,
    warnings: () => [],
    meters: [],
    ...apiOptions,
  };
  const admission = new Admission({
    answersMax: options.answersMax,
    heldBytesMax: options.heldBytesMax,
    waitMsMax: options.storeTimeoutMs,
    isLight: isHealth,
  });
  const app = new Hono();

  const requests = new RequestCounts();
  app.use(requestLog(options.log));
  app.use(requests.middleware());
  app.use(liveData);
  if (options.tokens === undefined)
    app.use(pageGuard({ hosts: options.publicHosts, origins: options.corsOrigins }));
  if (options.corsOrigins.length > 0) app.use(crossOrigin(options.corsOrigins));
  app.use(methodNotAllowed({ app, onMethodNotAllowed: (c, methods) => wrongMethod(c.req.raw, methods) }));
  if (options.site !== undefined) app.use(dashboardPages(options.site));
  app.use(sessionDoor(options.tokens));
  app.use(accessGuard({ tokens: options.tokens, isOpen: isDocumentation }));
  app.use(admission.middleware());
  app.use(incomplete(options.faults));
  app.use(strictUrl);

  const routes = apiRoutes(options, requests);
  const all = [...routes, openApiRoute(routes)];
  requests.knowRoutes(all);
  for (const route of all) registerRoute(app, route);

  app.notFound((c) => {
    const { pathname } = new URL(c.req.url);
    return problemResponse({ status: 404, detail: `there is nothing at ${pathname}` }, pathname);
  });
  app.onError(failureHandler(options.log));
  return app;
}

/** Every route, in the order of the documentation; where two match a path, the first one answers. */
function apiRoutes(options: RouteOptions, requests: RequestCounts): Route[] {
  const { store, intake, clock, changes } = options;
  const heavy = new BusyLimit(options.heavyAnswersMax);
  const stream = streamRoute({
    ...options,
    changes: changes.missesLate === true ? new LateChanges(options) : changes,
    summaries: liveSummaries(options),
    listLabs: (after, limit) => store.labs(after, limit, clock()),
  });
  return [
    summaryRoute(options),
    observationRoute(options),
    observationsRoute(options),
    labsRoute(options),
    labBucketsRoute(options),
    labSummaryRoute(options),
    labRoute(options),
    bucketsRoute(options, heavy),
    summariesRoute(options, heavy),
    labSeriesRoute(options, heavy),
    labSummariesRoute(options, heavy),
    excursionsRoute(options, heavy),
    stream,
    rejectionsRoute(options),
    sourcesRoute(options),
    sourcePublishRoute(options),
    ledgerRoute(options),
    serviceRoute(options),
    simulationRoute(options),
    simulateRoute(options),
    faultsRoute(options),
    liveRoute({ storeHealth: () => store.health() }),
    readyRoute({ ...options, readinessMsMax: options.storeTimeoutMs }),
    ...metricsRoutes({
      ...options,
      meters: [
        ...options.meters,
        ...apiMeters({ streams: () => stream.streams.counters(), requests: () => requests.all }),
      ],
      fleet: async () => {
        const { process, role } = options;
        const own = { process, role, reportedMs: clock(), counters: intake.ledger.counters() };
        return (await readFleet(store, own)).members;
      },
    }),
    ...docsRoutes(),
  ];
}
