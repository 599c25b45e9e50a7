import { Hono } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import type { ApiOptions, RouteOptions } from './api-options.js';
import { failureHandler } from './failure.js';
import { liveRoute, readyRoute } from './health-routes.js';
import { labRoute } from './lab-route.js';
import { labsRoute } from './labs-route.js';
import { ledgerRoute } from './ledger-route.js';
import { liveData } from './live-data.js';
import { observationRoute } from './observation-route.js';
import { problemResponse } from './problem.js';
import { rejectionsRoute } from './rejections-route.js';
import { requestLog } from './request-log.js';
import { strictUrl } from './strict-url.js';
import { summaryRoute } from './summary-route.js';

/** The HTTP API. It listens nowhere yet: see `startServer`. Every answer that is not a success is a problem document. */
export function createApi(apiOptions: ApiOptions): Hono {
  const options: RouteOptions = { clock: Date.now, role: 'api', ...apiOptions };
  const app = new Hono();

  app.use(requestLog(options.log));
  app.use(liveData);
  app.use(methodNotAllowed({ app, onMethodNotAllowed: (c, methods) => wrongMethod(c.req.url, methods) }));
  app.use(strictUrl);

  app.get('/summary', summaryRoute(options));
  app.post('/observation', observationRoute(options));
  app.get('/labs', labsRoute(options));
  // Any character, slashes and line breaks too: the route says what is wrong with an id.
  app.get('/labs/:lab{[\\s\\S]+}', labRoute(options));
  app.get('/ledger', ledgerRoute(options));
  app.get('/rejections', rejectionsRoute(options));
  app.get('/livez', liveRoute);
  app.get('/readyz', readyRoute(options));

  app.notFound((c) => {
    const { pathname } = new URL(c.req.url);
    return problemResponse({ status: 404, detail: `there is nothing at ${pathname}` }, pathname);
  });
  app.onError(failureHandler(options.log));
  return app;
}

function wrongMethod(url: string, methods: readonly string[]): Response {
  const { pathname } = new URL(url);
  const allow = methods.join(', ');
  return problemResponse({ status: 405, detail: `${pathname} takes ${allow}`, headers: { allow } }, pathname);
}
