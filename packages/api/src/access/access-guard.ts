import type { MiddlewareHandler } from 'hono';
import { ProblemError } from '../http/problem.js';
import type { AccessTokens } from './access-tokens.js';
import { EVERYTHING, type Scope } from './scope.js';

export interface AccessGuardOptions {
  /** Undefined: everybody may do everything. */
  readonly tokens: AccessTokens | undefined;
  /** Paths that need no token, besides /livez and /readyz. Nothing of a lab may be there. */
  readonly isOpen?: (path: string) => boolean;
}

/** Whether a path asks for the health of this process. */
export function isHealth(path: string): boolean {
  return path === '/livez' || path === '/readyz';
}

const READ_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** RFC 6750 §2.1. A token is accepted here only: a URL ends up in logs and histories. */
const BEARER_PATTERN = /^bearer +([\w.~+/-]+=*) *$/i;

/**
 * Lets requests pass that bring a token in `Authorization: Bearer`, and lets routes know its scope. What is not read
 * needs a token that may write. Which labs a token may see and write is for the routes: see `requireLab`.
 */
export function accessGuard({ tokens, isOpen = () => false }: AccessGuardOptions): MiddlewareHandler {
  return async (c, next) => {
    if (tokens === undefined || isHealth(c.req.path) || isOpen(c.req.path)) c.set('scope', EVERYTHING);
    else {
      const scope = scopeOf(tokens, c.req.header('authorization'));
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

function scopeOf(tokens: AccessTokens, authorization: string | undefined): Scope {
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
