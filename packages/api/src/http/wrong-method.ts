import { problemResponse } from './problem.js';

/** The answer on a known path to a method that it has no route for: what it takes. OPTIONS asks for just that. */
export function wrongMethod(request: Request, methods: readonly string[]): Response {
  const { pathname } = new URL(request.url);
  const allow = [...methods, 'OPTIONS'].join(', ');
  if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } });
  return problemResponse({ status: 405, detail: `${pathname} takes ${allow}`, headers: { allow } }, pathname);
}
