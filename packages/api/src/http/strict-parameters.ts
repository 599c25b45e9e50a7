import type { MiddlewareHandler } from 'hono';
import { nearest } from './nearest-name.js';
import { ProblemError } from './problem.js';

/** Refuses query parameters that a route does not have: a typing error would change the answer without a word. */
export function strictParameters(known: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    for (const name of Object.keys(c.req.query())) if (!known.includes(name)) throw unknown(name, known);
    await next();
  };
}

function unknown(name: string, known: readonly string[]): ProblemError {
  const shown = JSON.stringify(name.slice(0, 100));
  const near = nearest(name, known);
  const hint =
    near !== undefined
      ? `: did you mean ${near}?`
      : known.length === 0
        ? ', which takes none'
        : `, which takes ${known.join(', ')}`;
  return new ProblemError({ status: 400, detail: `${shown} is no parameter of this route${hint}` });
}
