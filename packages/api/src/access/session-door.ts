import type { Context, MiddlewareHandler } from 'hono';
import { readBoundedBody } from '../http/bounded-body.js';
import { ProblemError } from '../http/problem.js';
import { TOKEN_PATTERN } from './access-guard.js';
import type { AccessTokens } from './access-tokens.js';
import { refuseForeignPage } from './page-guard.js';
import { beginSession, endSession } from './session-cookie.js';

export const SESSION_PATH = '/session';
const BODY_BYTES_MAX = 4096;

/**
 * `POST /session` with `{"token":"…"}` begins a session: the token becomes a cookie that scripts cannot read. `DELETE
 * /session` ends it. For browsers only, whose EventSource cannot send `Authorization`; not part of the API's
 * description. Only pages of our own origin may ask, so that nobody is signed in or out by another's page.
 */
export function sessionDoor(tokens: AccessTokens | undefined): MiddlewareHandler {
  return async (c, next) => {
    const { method, path } = c.req;
    if (path !== SESSION_PATH || (method !== 'POST' && method !== 'DELETE')) return next();
    refuseForeignPage(c);
    c.header('cache-control', 'no-store');
    if (method === 'DELETE') {
      c.header('set-cookie', endSession());
      // What was read with the session is not for whoever comes next.
      c.header('clear-site-data', '"cache"');
      return c.json(null);
    }
    if (tokens === undefined) return c.json(null);
    const token = await tokenOf(c);
    if (tokens.scopeOf(token) === undefined)
      throw new ProblemError({ status: 401, detail: 'the token is not known, or has expired' });
    c.header('set-cookie', beginSession(token, c.req.header('origin')?.startsWith('https:') === true));
    return c.json(null);
  };
}

/** @throws ProblemError with status 400 or 415 for a body that has no token. */
async function tokenOf(c: Context): Promise<string> {
  // A form of another site cannot send this type.
  if (!/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
    throw new ProblemError({ status: 415, detail: 'the body is application/json' });
  const { bytes } = await readBoundedBody(c, BODY_BYTES_MAX);
  try {
    const { token } = JSON.parse(bytes.toString('utf8')) as { token?: unknown };
    if (typeof token === 'string' && TOKEN_PATTERN.test(token)) return token;
  } catch {
    // Said below.
  }
  throw new ProblemError({
    status: 400,
    detail: 'the body is {"token":"…"}, with a token as humtemp token prints it',
  });
}
