import type { Context, MiddlewareHandler } from 'hono';
import { acceptsGzip } from './accepts-gzip.js';
import type { SiteFile } from './site.js';

/** Everything that the page loads is a file of its own; nothing stands inline, nothing comes from elsewhere. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
} as const;

/** Paths that the page shows something of its own at. A lab id stands behind `/lab/`, as in `/lab/floor-2/room-7`. */
const PAGE_PATTERN = /^\/(hours|ranges|operations|wall|sign-in|(lab|paper)\/.+)?$/;
const PAGE = 'index.html';

/** Their names change with their content. */
const HASHED_PATTERN = /^assets\//;
const IMMUTABLE = 'public, max-age=31536000, immutable';
const REVALIDATED = 'no-cache';

/**
 * Answers for the web page and its files, before anybody is asked for a token: nothing of any lab is in them. Every
 * other path goes on to the API.
 */
export function dashboardPages(site: ReadonlyMap<string, SiteFile>): MiddlewareHandler {
  return async (c, next) => {
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
    const { path } = c.req;
    const name = PAGE_PATTERN.test(path) ? PAGE : path.slice(1);
    const file = isRead ? site.get(name) : undefined;
    return file === undefined ? next() : answer(c, name, file);
  };
}

function answer(c: Context, name: string, file: SiteFile): Response {
  const packed = file.gzip !== undefined && acceptsGzip(c.req.header('accept-encoding'));
  const headers: Record<string, string> = {
    'content-type': file.type,
    'cache-control': HASHED_PATTERN.test(name) ? IMMUTABLE : REVALIDATED,
    etag: file.etag,
    ...(name === PAGE ? PAGE_HEADERS : {}),
    ...(file.gzip === undefined ? {} : { vary: 'Accept-Encoding' }),
  };
  if (matches(c.req.header('if-none-match'), file.etag)) return c.body(null, 304, headers);
  if (packed) headers['content-encoding'] = 'gzip';
  const body = packed ? file.gzip! : file.body;
  headers['content-length'] = String(body.length);
  return c.req.method === 'HEAD' ? c.body(null, 200, headers) : c.body(body, 200, headers);
}

/** RFC 9110 §13.1.2: the comparison is weak. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}
