import type { MiddlewareHandler } from 'hono';
import { ProblemError } from '../http/problem.js';
import { isHealth } from './access-guard.js';
import { foreignPage, type PagesAllowed } from './foreign-page.js';

/** Refuses what a page of another origin asks. For where no token is needed: see `foreignPage`. */
export function pageGuard(allowed: PagesAllowed): MiddlewareHandler {
  return async (c, next) => {
    const foreign = foreignPage(
      {
        method: c.req.method,
        host: c.req.header('host'),
        origin: c.req.header('origin'),
        site: c.req.header('sec-fetch-site'),
        mode: c.req.header('sec-fetch-mode'),
        dest: c.req.header('sec-fetch-dest'),
      },
      allowed,
    );
    if (foreign !== undefined && !isHealth(c.req.path)) throw new ProblemError(foreign);
    await next();
  };
}
