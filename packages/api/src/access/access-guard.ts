import type { Context, MiddlewareHandler } from 'hono';
import { ProblemError } from '../http/problem.js';
import type { AccessTokens } from './access-tokens.js';
import { isHealth } from './health-path.js';
import { refuseForeignPage } from './page-guard.js';
import { EVERYTHING, type Scope } from './scope.js';
import { sessionToken } from './session-cookie.js';

export interface AccessGuardOptions {
  /** Undefined: everybody may do everything. */
  readonly tokens: AccessTokens | undefined;
  /** Paths that need no token, besides /livez and /readyz. Nothing of a lab may be there. */
  readonly isOpen?: (path: string) => boolean;
}

const READ_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** RFC 6750 §2.1. A token is accepted here, or in the cookie of a session: a URL ends up in logs and histories. */
const BEARER_PATTERN = /^bearer +([\w.~+/-]+=*) *$/i;
export const TOKEN_PATTERN = /^[\w.~+/-]{1,1000}=*$/;

/**
 * Lets requests pass that bring a token in `Authorization: Bearer`, or in the cookie of a session, and lets routes know its scope. What is not read
 * needs a token that may write. Which labs a token may see and write is for the routes: see `requireLab`.
 */
export function accessGuard({ tokens, isOpen = () => false }: AccessGuardOptions): MiddlewareHandler {
  return async (c, next) => {
    if (tokens === undefined || isHealth(c.req.path) || isOpen(c.req.path)) c.set('scope', EVERYTHING);
    else {
      const scope = scopeOf(tokens, c);
      if (!READ_METHODS.has(c.req.method) && !scope.mayWrite)
        throw forbidden(`the token ${scope.name} may only read`);
      c.set('scope', scope);
    }
    await next();
  };
}

/** @throws ProblemError with status 403 if a request of this scope may not see or write this lab. */
export function requireLab(scope: Scope, lab: string): void {
  if (!scope.allows(lab)) throw forbidden(`the token ${scope.name} is not for the lab ${lab}`);
}

function scopeOf(tokens: AccessTokens, c: Context): Scope {
  const authorization = c.req.header('authorization');
  const session = authorization === undefined ? sessionToken(c.req.header('cookie')) : undefined;
  if (session !== undefined) {
    // A browser sends the cookie by itself: see whose page it does so for.
    refuseForeignPage(c);
    const scope = tokens.scopeOf(session);
    if (scope !== undefined) return scope;
    throw unauthorized('the session has ended: sign in again', INVALID_TOKEN);
  }
  // RFC 6750 §3.1: who sent no token is not told of an error.
  if (authorization === undefined) throw unauthorized('a token is needed: Authorization: Bearer TOKEN', '');
  const token = BEARER_PATTERN.exec(authorization)?.[1];
  if (token === undefined) throw unauthorized('Authorization is Bearer TOKEN, once', INVALID_TOKEN);
  const scope = tokens.scopeOf(token);
  if (scope === undefined) throw unauthorized('the token is not known, or has expired', INVALID_TOKEN);
  return scope;
}

const INVALID_TOKEN = ', error="invalid_token"';

function unauthorized(detail: string, error: string): ProblemError {
  return new ProblemError({
    status: 401,
    detail,
    headers: { 'www-authenticate': `Bearer realm="humtemp"${error}` },
  });
}

function forbidden(detail: string): ProblemError {
  return new ProblemError({
    status: 403,
    detail,
    headers: { 'www-authenticate': 'Bearer realm="humtemp", error="insufficient_scope"' },
  });
}
