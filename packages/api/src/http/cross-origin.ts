import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';

const PREFLIGHT_MAX_AGE_S = 600;

/**
 * Lets pages of the given origins read the API from a browser; `*` lets all. Only a preflight is answered here: any
 * other OPTIONS asks for the methods of a path.
 */
export function crossOrigin(origins: readonly string[]): MiddlewareHandler {
  const allow = cors({
    origin: origins.includes('*') ? '*' : [...origins],
    allowMethods: ['GET', 'HEAD', 'POST'],
    allowHeaders: ['authorization', 'content-type', 'if-none-match', 'last-event-id'],
    exposeHeaders: ['etag', 'retry-after'],
    maxAge: PREFLIGHT_MAX_AGE_S,
  });
  return (c, next) => {
    const isPreflight = c.req.header('access-control-request-method') !== undefined;
    return c.req.method === 'OPTIONS' && !isPreflight ? next() : allow(c, next);
  };
}
