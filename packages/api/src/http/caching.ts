import type { Context, MiddlewareHandler } from 'hono';
import { etag } from 'hono/etag';
import { COMPRESSIBLE_CONTENT_TYPE_REGEX } from 'hono/utils/compress';

const FINISHED_MAX_AGE_S = 60;

const withEtag = etag();

/**
 * ETag of the whole body, and 304 for a client that has it already. For answers of bounded length that are compressed.
 * RFC 9110 §15.4.5: a 304 has the Vary that the answer would have; `compressed` gives it to those with a body only.
 */
export const revalidated: MiddlewareHandler = (c, next) =>
  withEtag(c, async () => {
    await next();
    if (COMPRESSIBLE_CONTENT_TYPE_REGEX.test(c.res.headers.get('content-type') ?? ''))
      c.header('vary', 'Accept-Encoding', { append: true });
  });

/**
 * Says how long an answer may be kept. A finished interval for a minute, because late observations still change it;
 * an open one must be asked for again each time, which its ETag makes cheap. Only what was
 * given to a client without credentials may be kept for others.
 */
export function cacheControl(c: Context, isFinished: boolean): void {
  const isPublic = c.req.header('authorization') === undefined && c.req.header('cookie') === undefined;
  // Two people may use one browser, one after the other.
  if (!isPublic) c.header('vary', 'Authorization, Cookie', { append: true });
  const scope = isPublic ? 'public' : 'private';
  c.header('cache-control', isFinished ? `${scope}, max-age=${FINISHED_MAX_AGE_S}` : `${scope}, no-cache`);
}
