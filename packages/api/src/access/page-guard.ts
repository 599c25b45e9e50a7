import type { Context, MiddlewareHandler } from 'hono';
import { ProblemError } from '../http/problem.js';
import { foreignPage, type PageHeaders, type PagesAllowed } from './foreign-page.js';
import { isHealth } from './health-path.js';

/** Refuses what a page of another origin asks. For where no token is needed: see `foreignPage`. */
export function pageGuard(allowed: PagesAllowed): MiddlewareHandler {
  return async (c, next) => {
    const foreign = foreignPage(pageHeaders(c), allowed);
    if (foreign !== undefined && !isHealth(c.req.path)) throw new ProblemError(foreign);
    await next();
  };
}

/**
 * The same for one request whose rights come from a cookie, by whatever name this process was reached.
 * @throws ProblemError with status 403
 */
export function refuseForeignPage(c: Context): void {
  const foreign = foreignPage(pageHeaders(c), { hosts: ['*'], origins: [] });
  if (foreign !== undefined) throw new ProblemError(foreign);
}

function pageHeaders(c: Context): PageHeaders {
  return {
    method: c.req.method,
    host: c.req.header('host'),
    origin: c.req.header('origin'),
    site: c.req.header('sec-fetch-site'),
    mode: c.req.header('sec-fetch-mode'),
    dest: c.req.header('sec-fetch-dest'),
  };
}
