import type { MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';

/** Logs each request and its answer at level debug. */
export function requestLog(log: Logger): MiddlewareHandler {
  return async (c, next) => {
    const startMs = performance.now();
    await next();
    const ms = Math.round(performance.now() - startMs);
    log.debug({ method: c.req.method, path: c.req.path, status: c.res.status, ms }, 'request');
  };
}
