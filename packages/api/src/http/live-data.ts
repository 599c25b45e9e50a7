import type { MiddlewareHandler } from 'hono';

/** Marks every answer that does not say otherwise as live: not to be stored, and to be taken as the type it says. */
export const liveData: MiddlewareHandler = async (c, next) => {
  await next();
  c.res.headers.set('x-content-type-options', 'nosniff');
  if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store');
};
